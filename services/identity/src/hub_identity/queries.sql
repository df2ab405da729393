-- name: lock
-- Locks stand for indexes, whose rows may not exist yet; held to the end of the transaction, taken in one order.
select pg_advisory_xact_lock(number) from (select number from unnest($1::bigint[]) as n(number) order by number) sorted

-- name: try_lock
select number from (select number from unnest($1::bigint[]) as n(number) order by number) sorted
where pg_try_advisory_xact_lock(number)

-- name: by_matricule
select m.matricule_index, i.patient_id, i.sealed
from matricule_link m join identity i using (patient_id)
where m.until is null and m.matricule_index = any($1::bytea[])

-- name: by_local
select l.local_index, l.revision, i.patient_id, i.sealed, m.matricule_index
from local_link l join identity i using (patient_id) join matricule_link m using (patient_id)
where l.until is null and m.until is null and l.local_index = any($1::bytea[])

-- name: waiting_locals
select distinct local_index from waiting_act where local_index = any($1::bytea[])

-- name: add_patients
with new as (
  select * from unnest($1::uuid[], $2::bytea[], $3::bytea[], $4::uuid[], $5::uuid[], $6::timestamptz[])
    as n(patient_id, matricule_index, sealed, structure_id, event_id, at)
),
patients as (
  insert into patient (patient_id, created_at) select patient_id, at from new
),
links as (
  insert into matricule_link (matricule_index, patient_id, since, source_event_id)
  select matricule_index, patient_id, at, event_id from new
)
insert into identity (patient_id, sealed, structure_id, source_event_id, recorded_at)
select patient_id, sealed, structure_id, event_id, at from new

-- name: touch_links
-- A link to the same patient gets a new revision, one to another patient ends.
update local_link l
set revision = case when l.patient_id = n.patient_id then n.revision else l.revision end,
    until = case when l.patient_id = n.patient_id then null else n.at end
from unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[])
  as n(local_index, structure_id, patient_id, revision, event_id, at)
where l.local_index = n.local_index and l.until is null

-- name: add_links
insert into local_link (local_index, structure_id, patient_id, revision, source_event_id, since)
select * from unnest($1::bytea[], $2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::timestamptz[])
on conflict (local_index) where until is null do nothing

-- name: add_waiting
insert into waiting_act as w (act_id, act_version, event_id, structure_id, local_index, act_type, author_id, occurred_at,
                              received_at, flow, traceparent, code, told, checked_revision, waiting_since, wait_until,
                              content_key, sealed)
select * from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::bytea[], $6::text[], $7::text[],
                     $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::boolean[],
                     $14::uuid[], $15::timestamptz[], $16::timestamptz[], $17::bytea[], $18::bytea[])
on conflict (act_id) do update
  set act_version = excluded.act_version, event_id = excluded.event_id, structure_id = excluded.structure_id,
      local_index = excluded.local_index, act_type = excluded.act_type, author_id = excluded.author_id,
      occurred_at = excluded.occurred_at, flow = excluded.flow, traceparent = excluded.traceparent,
      code = excluded.code, told = excluded.told, checked_revision = excluded.checked_revision,
      wait_until = excluded.wait_until, content_key = excluded.content_key, sealed = excluded.sealed
  where w.act_version < excluded.act_version

-- name: drop_overtaken
delete from waiting_act w using unnest($1::uuid[], $2::integer[]) as n(act_id, act_version)
where w.act_id = n.act_id and w.act_version < n.act_version

-- name: releasable_locals
-- Local numbers with an act not judged yet against the link they have now.
select distinct w.local_index
from waiting_act w join local_link l using (local_index)
where l.until is null and w.checked_revision is distinct from l.revision
limit $1

-- name: releasable
select w.*, l.revision
from waiting_act w join local_link l using (local_index)
where l.until is null and w.checked_revision is distinct from l.revision and w.local_index = any($1::bytea[])
order by w.received_at, w.arrived
limit $2
for update of w

-- name: release
delete from waiting_act where act_id = any($1::uuid[])

-- name: keep_waiting
update waiting_act w set checked_revision = k.revision, code = k.code, told = true
from unnest($1::uuid[], $2::uuid[], $3::text[]) as k(act_id, revision, code)
where w.act_id = k.act_id

-- name: set_apart
update waiting_act w set checked_revision = l.revision, code = $2, told = true
from local_link l
where l.local_index = w.local_index and l.until is null and w.local_index = $1
  and w.checked_revision is distinct from l.revision
returning w.act_id, w.act_version, w.event_id, w.structure_id, w.flow, w.traceparent

-- name: expire
delete from waiting_act
where act_id in (select act_id from waiting_act where wait_until <= $1 order by wait_until limit $2 for update skip locked)
returning act_id, act_version, event_id, structure_id, flow, traceparent, code

-- name: waiting_summary
select code, count(*) as acts, min(waiting_since) as oldest from waiting_act where told group by code order by code

-- name: find_identifiers
select distinct on (value) value, structure_id from annuaire_identifier where value = any($1::text[])
order by value, since desc

-- name: annuaire_digests
select 'structure:' || structure_id as key, digest from annuaire_structure
union all
select 'professional:' || professional_id, digest from annuaire_professional

-- name: save_structures
insert into annuaire_structure as s (structure_id, data, digest, published_at)
select n.structure_id, n.data::jsonb, n.digest, $4
from unnest($1::uuid[], $2::text[], $3::bytea[]) as n(structure_id, data, digest)
on conflict (structure_id) do update
  set data = excluded.data, digest = excluded.digest, published_at = excluded.published_at

-- name: clear_identifiers
delete from annuaire_identifier where structure_id = any($1::uuid[])

-- name: save_identifiers
insert into annuaire_identifier (structure_id, value, since, until)
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::timestamptz[])

-- name: save_professionals
insert into annuaire_professional as p (professional_id, data, digest, published_at)
select n.professional_id, n.data::jsonb, n.digest, $4
from unnest($1::text[], $2::text[], $3::bytea[]) as n(professional_id, data, digest)
on conflict (professional_id) do update
  set data = excluded.data, digest = excluded.digest, published_at = excluded.published_at

-- name: clear_exercises
delete from annuaire_exercise where professional_id = any($1::text[])

-- name: save_exercises
insert into annuaire_exercise (professional_id, structure_id, since, until)
select * from unnest($1::text[], $2::uuid[], $3::timestamptz[], $4::timestamptz[])
