-- name: begin_request
-- Says which structures this transaction may see (row security), and gives the answer kept for an Idempotency-Key.
select set_config('hub.structures', $1, true) as allowed, k.request_digest, k.status, k.headers::text as headers, k.answer
from (select 1) one left join idempotency_key k on k.account_id = $2 and k.key = $3

-- name: begin_reading
select set_config('hub.structures', $1, true), set_config('plan_cache_mode', 'force_custom_plan', true)

-- name: keep_answer
insert into idempotency_key (account_id, key, request_digest, status, headers, answer, created_at)
values ($1, $2, $3, $4, $5::jsonb, $6, $7) on conflict do nothing returning true

-- name: drop_old_answers
delete from idempotency_key where created_at < $1

-- name: receive_acts
-- Acts whose external_id is new, each with its first history row and feed entry; answers which ones were new.
with incoming as (
  select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::integer[], $5::text[], $6::text[], $7::text[],
                       $8::timestamptz[], $9::bytea[])
    with ordinality as t(act_id, structure_id, external_id, act_version, act_type, flow, author_id, occurred_at, digest,
                         ord)
),
fresh as (
  insert into act (act_id, account_id, structure_id, external_id, act_version, act_type, flow, author_id, occurred_at,
                   received_at, content_digest, state, changed_at, stands_version, stands_final, stands_rank,
                   stands_sequence)
  select act_id, $10, structure_id, external_id, act_version, act_type, flow, author_id, occurred_at, $11, digest,
         'recue', $11, act_version, false, 0, 0
  from incoming order by structure_id, external_id
  on conflict (account_id, structure_id, external_id) do nothing
  returning act_id
),
head as (
  insert into account_feed as f (account_id, feed_seq) select $10, count(*) from fresh having count(*) > 0
  on conflict (account_id) do update set feed_seq = f.feed_seq + excluded.feed_seq
  returning feed_seq
)
insert into act_history (act_id, act_version, account_id, structure_id, event_type, at, recorded_at, state, applied,
                         feed_seq)
select i.act_id, i.act_version, $10, i.structure_id, 'act.received.v1', $11, $11, 'recue', true,
       h.feed_seq - (select count(*) from fresh) + row_number() over (order by i.ord)
from incoming i join fresh using (act_id) cross join head h
order by i.ord
returning act_id

-- name: acts_by_external_id
select a.act_id, a.structure_id, a.external_id, a.content_digest, a.state
from unnest($2::uuid[], $3::text[]) as k(structure_id, external_id)
join act a on a.account_id = $1 and a.structure_id = k.structure_id and a.external_id = k.external_id

-- name: lock_acts
select act_id, account_id, structure_id, state, code, changed_at, stands_version, stands_final, stands_rank, stands_sequence
from act where act_id = any($1::uuid[]) order by act_id for update

-- name: follow_up
-- State, history and feed of a batch; at most one event per act. Feed rows are locked in account order.
with incoming as (
  select * from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::timestamptz[],
                       $8::text[], $9::text[], $10::text[]::jsonb[], $11::timestamptz[], $12::boolean[], $13::boolean[],
                       $14::boolean[], $15::smallint[], $16::bigint[], $17::timestamptz[])
    with ordinality as t(act_id, act_version, account_id, structure_id, event_id, event_type, at, state, code, problems,
                         next_at, applied, told, final, rank, sequence, recorded_at, ord)
),
moved as (
  update act set state = i.state, code = i.code, changed_at = i.at, act_version = greatest(act.act_version, i.act_version),
                 stands_version = i.act_version, stands_final = i.final, stands_rank = i.rank,
                 stands_sequence = i.sequence
  from incoming i where act.act_id = i.act_id and i.applied
),
told as (
  select account_id, count(*) as entries from incoming where told group by account_id order by account_id
),
head as (
  insert into account_feed as f (account_id, feed_seq) select account_id, entries from told
  on conflict (account_id) do update set feed_seq = f.feed_seq + excluded.feed_seq
  returning account_id, feed_seq
)
insert into act_history (act_id, act_version, account_id, structure_id, event_id, event_type, at, recorded_at, state,
                         code, problems, next_at, applied, feed_seq)
select i.act_id, i.act_version, i.account_id, i.structure_id, i.event_id, i.event_type, i.at, i.recorded_at, i.state,
       i.code, i.problems, i.next_at, i.applied,
       case when i.told
         then h.feed_seq - t.entries + row_number() over (partition by i.account_id, i.told order by i.ord) end
from incoming i left join head h using (account_id) left join told t using (account_id)
order by i.ord

-- name: stuck_acts
select distinct on (a.act_id) a.act_id, a.act_version, coalesce(w.last_code, 'HANDLER_FAILED') as code, w.dead_at
from work_item w join act a on a.act_id = w.key::uuid
where w.state = 'dead' and w.handler = $1 and w.act_version > 0 and not a.stands_final and a.state <> 'bloquee'
  and w.dead_at > a.changed_at
order by a.act_id, w.arrived limit $2

-- name: act_view
select a.*, d.identifiers::text as identifiers
from act a left join lateral (
  select data -> 'identifiers' as identifiers from directory_entry where key = 'structure:' || a.structure_id
) d on true
where a.act_id = $1 and a.account_id = $2

-- name: act_history
select at, recorded_at, event_type, state, code, problems::text as problems, next_at, applied
from act_history where act_id = $1 and account_id = $2 order by entry

-- name: list_acts
select act_id, structure_id, external_id, act_version, act_type, flow, author_id, occurred_at, received_at, state, code,
       changed_at
from act
where account_id = $1
  and structure_id = any($2::uuid[]) and ($3::text is null or state = $3)
  and ($4::text is null or external_id = $4)
  and ($5::timestamptz is null or (received_at >= $5 and act_id >= $6))
  and ($7::timestamptz is null or (received_at < $7 and act_id < $8))
  and ($9::uuid is null or act_id < $9)
order by act_id desc limit $10

-- name: read_feed
select h.feed_seq, h.act_id, a.external_id, h.structure_id, h.act_version, h.at, h.state, h.code,
       h.problems::text as problems, h.next_at
from act_history h join act a using (act_id)
where h.account_id = $1 and h.feed_seq > $2
order by h.feed_seq limit $3

-- name: feed_heads
select account_id, feed_seq from account_feed where account_id = any($1::uuid[])

-- name: save_declaration
insert into declaration (declaration_id, account_id, structure_id, kind, author_id, declared_at, received_at, state)
values ($1, $2, $3, $4, $5, $6, $7, 'recue')

-- name: read_declaration
select declaration_id, structure_id, kind, author_id, declared_at, received_at, state, code, problems::text as problems,
       decided_at
from declaration where declaration_id = $1 and account_id = $2

-- name: decide_declarations
-- The first answer holds.
update declaration d set state = i.state, code = i.code, problems = i.problems, decided_at = i.decided_at
from unnest($1::uuid[], $2::text[], $3::text[], $4::text[]::jsonb[], $5::timestamptz[])
  as i(declaration_id, state, code, problems, decided_at)
where d.declaration_id = i.declaration_id and d.state = 'recue'

-- name: read_account
select a.account_id, a.client_id, a.issuer, a.active, m.structure_id, m.scopes, m.since, m.until
from account a left join membership m using (account_id) where a.client_id = $1

-- name: find_structures
select w.national_id, d.data::text as data
from unnest($1::text[]) as w(national_id)
join directory_entry d on d.type = 'structure.published.v1'
  and d.data @> jsonb_build_object('identifiers', jsonb_build_array(jsonb_build_object('value', w.national_id)))

-- name: find_professionals
select d.data::text as data from directory_entry d where d.key = any($1::text[])

-- name: lock_accounts
-- One loading at a time.
select pg_advisory_xact_lock(hashtext('hub-gateway:accounts'))

-- name: all_accounts
select account_id, client_id, issuer, name, active from account

-- name: all_memberships
select account_id, structure_id, scopes, since, until from membership

-- name: save_accounts
insert into account as a (account_id, client_id, issuer, name, active, updated_at)
select t.*, $6 from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[])
  as t(account_id, client_id, issuer, name, active)
on conflict (client_id) do update
  set issuer = excluded.issuer, name = excluded.name, active = excluded.active, updated_at = excluded.updated_at

-- name: save_memberships
insert into membership as m (account_id, structure_id, scopes, since, until, updated_at)
select account_id, structure_id, string_to_array(scopes, ' '), since, until, $6
from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[])
  as t(account_id, structure_id, scopes, since, until)
on conflict (account_id, structure_id) do update
  set scopes = excluded.scopes, since = excluded.since, until = excluded.until, updated_at = excluded.updated_at

-- name: make_digest_key
insert into digest_key (wrapped) values ($1) on conflict do nothing

-- name: read_digest_key
select wrapped from digest_key

-- name: keep_attachments
insert into attachment (attachment_id, account_id, received_at) select unnest($1::uuid[]), $2, $3

-- name: own_attachments
select a.attachment_id from attachment a join blob b on b.id = a.attachment_id
where a.account_id = $1 and a.attachment_id = any($2::uuid[]) and b.purged_at is null

-- name: use_attachments
-- The acts' files, kept until the acts are final; answers how many were there to be used.
with wanted as (
  select act_id, attachment_id from unnest($1::uuid[], $2::uuid[]) as w(act_id, attachment_id)
), kept as (
  update blob set purge_at = null from wanted where blob.id = wanted.attachment_id and blob.purged_at is null
  returning blob.id
)
insert into attachment_use (act_id, attachment_id)
select act_id, attachment_id from wanted where attachment_id in (select id from kept)

-- name: lock_released_attachments
select b.id from blob b
where b.purge_at is null and b.purged_at is null and exists (select from attachment_use u where u.attachment_id = b.id)
  and not exists (
    select from attachment_use u join act a using (act_id) where u.attachment_id = b.id and not a.stands_final
  )
order by b.id for update of b skip locked

-- name: release_attachments
-- Files all of whose acts are final: they may go some time after the last one came to its end.
update blob set purge_at = ended.at + $1
from (
  select u.attachment_id, max(a.changed_at) as at
  from attachment_use u join act a using (act_id)
  where u.attachment_id = any($2::uuid[])
  group by u.attachment_id having bool_and(a.stands_final)
) ended
where blob.id = ended.attachment_id
