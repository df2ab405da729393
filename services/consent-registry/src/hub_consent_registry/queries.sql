-- name: oppositions
select patient_id, opposed, revision, opposition_id from opposition where patient_id = any($1::uuid[])

-- name: save_decisions
insert into decision (decision_id, act_id, act_version, structure_id, patient_id, author_id, act_type, refusal,
                      alimentation_matrix, oppositions_revision, decided_at, valid_until)
select * from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
                     $9::text[], $10::integer[], $11::timestamptz[], $12::timestamptz[])

-- name: save_oppositions
with change as (
  insert into opposition_change (patient_id, revision, opposed, opposition_id, declaration_id, structure_id, author_id,
                                 declared_at, recorded_at)
  select * from unnest($1::uuid[], $2::integer[], $3::boolean[], $4::uuid[], $5::uuid[], $6::uuid[], $7::text[],
                       $8::timestamptz[], $9::timestamptz[])
  returning patient_id, revision, opposed, opposition_id, recorded_at
)
insert into opposition as o (patient_id, opposed, revision, opposition_id, recorded_at)
select patient_id, opposed, revision, opposition_id, recorded_at from change
on conflict (patient_id) do update
  set opposed = excluded.opposed, revision = excluded.revision, opposition_id = excluded.opposition_id,
      recorded_at = excluded.recorded_at

-- name: decisions
select decision_id, act_version, refusal, alimentation_matrix, oppositions_revision, decided_at, valid_until
from decision where act_id = $1 order by decided_at
