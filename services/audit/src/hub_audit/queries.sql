-- name: record
insert into audit_record (event_id, recorded_at, occurred_at, class, action, outcome, source, structure_id, actor_id,
                          patient_id, act_id, code, reason, canonical)
select * from unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::uuid[], $9::text[], $10::uuid[], $11::uuid[], $12::text[], $13::text[], $14::bytea[])
on conflict do nothing

-- name: maintain
-- One replica at a time: the lock is held before the function looks for what is missing.
select maintain_audit_record($1) from (select pg_advisory_xact_lock(hashtext('partitions:' || current_schema()))) locked

-- name: note_numbers
-- Numbers heard, then as far as there is no gap.
with heard as (
  select distinct source, n from unnest($1::text[], $2::bigint[]) as h(source, n)
),
known as (
  insert into source_progress as p (source, highest, moved_at) select source, max(n), $3 from heard group by source
  order by source
  on conflict (source) do update set highest = greatest(p.highest, excluded.highest)
  returning source, complete_to
)
insert into source_ahead (source, producer_seq)
select h.source, h.n from heard h join known k using (source) where h.n > k.complete_to
on conflict do nothing

-- name: advance
with runs as (
  select a.source, a.producer_seq, a.producer_seq - row_number() over (partition by a.source order by a.producer_seq) as base,
         p.complete_to
  from source_ahead a join source_progress p using (source) where a.source = any($1::text[])
),
done as (
  select source, max(producer_seq) as upto from runs where base = complete_to group by source
),
moved as (
  update source_progress p set complete_to = d.upto, moved_at = $2 from done d where p.source = d.source
  returning p.source, p.complete_to
)
delete from source_ahead a using done d where a.source = d.source and a.producer_seq <= d.upto

-- name: progress
select source, complete_to, highest, moved_at from source_progress order by source

-- name: acts_of_patient
select distinct act_id from audit_record
where patient_id = $1 and act_id is not null and event_id >= uuid_of_moment($2) and event_id < uuid_of_moment($3)

-- name: find
-- Records of a period (by their ids), newest first; $11 are the acts tied to patient $3.
select event_id, recorded_at, occurred_at, class, action, outcome, source, structure_id, actor_id, patient_id, act_id, code,
       reason, canonical
from audit_record
where event_id >= uuid_of_moment($1) and event_id < uuid_of_moment($2)
  and ($3::uuid is null or patient_id = $3 or act_id = any($11::uuid[]))
  and ($4::uuid is null or act_id = $4)
  and ($5::text is null or actor_id = $5)
  and ($6::uuid is null or structure_id = $6)
  and ($7::text is null or class = $7)
  and ($8::text is null or action = $8)
  and ($9::text is null or outcome = $9)
  and ($10::uuid is null or event_id < $10)
order by event_id desc
limit $12
