-- name: transit_create
insert into hub_keyring.transit_key (day, wrapped, created_at) values ($1, $2, $3) on conflict (day) do nothing

-- name: transit_get
select day, wrapped from hub_keyring.transit_key where day = any($1::date[])

-- name: transit_destroy
select day from hub_keyring.destroy_transit_keys($1, $2) as day

-- name: subject_create
insert into subject_key (subject_id, wrapped, created_at)
select subject_id, wrapped, $3 from unnest($1::uuid[], $2::bytea[]) as new (subject_id, wrapped)
on conflict (subject_id) do nothing

-- name: subject_get
select subject_id, wrapped from subject_key where subject_id = any($1::uuid[])

-- name: subject_erase
update subject_key set wrapped = null, erased_at = $2 where subject_id = any($1::uuid[]) and wrapped is not null
returning subject_id

-- name: blob_put
with keys as (
  insert into content_key (id, wrapped)
  select id, wrapped from unnest($1::uuid[], $2::bytea[]) as new (id, wrapped)
  returning id
)
insert into blob (id, content_key, sha256, sha1, size, media_type, nonce, ciphertext, created_at, purge_at)
select new.id, keys.id, new.sha256, new.sha1, new.size, new.media_type, new.nonce, new.ciphertext, $9, $10
from unnest($1::uuid[], $3::bytea[], $4::bytea[], $5::bigint[], $6::text[], $7::bytea[], $8::bytea[])
     as new (id, sha256, sha1, size, media_type, nonce, ciphertext)
join keys on keys.id = new.id

-- name: blob_get
select blob.id, sha256, sha1, size, media_type, nonce, ciphertext, wrapped
from blob left join content_key on content_key.id = blob.content_key
where blob.id = $1

-- name: blob_schedule_purge
update blob set purge_at = $2 where id = any($1::uuid[]) and purged_at is null

-- name: blob_purge
with due as (
  select id, content_key from blob where purged_at is null and purge_at <= $1
  order by purge_at limit $2 for update skip locked
), emptied as (
  update blob set nonce = null, ciphertext = null, content_key = null, purged_at = $1
  from due where blob.id = due.id returning blob.id
), gone as (
  delete from content_key using due where content_key.id = due.content_key
)
select id from emptied
