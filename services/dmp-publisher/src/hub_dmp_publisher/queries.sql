-- name: claim_new
-- Fixes what names the document before any call; rows that exist already are left as they are.
insert into publication (act_id, act_version, structure_id, patient_id, author_id, act_type, occurred_at, document_type,
  document_unique_id, submission_set_unique_id, signature_unique_id, submission_set_entry_id, document_entry_id,
  signature_entry_id, content_id, content_sha256, content_sha1, content_size, content_media_type, sender,
  sign_fingerprint, entry_key, sealed_entry, valid_until, expires_at,
  status, fixed_at, claimed_at, created_at, updated_at)
select n.*, 'sending', $26, $26, $26, $26
from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::uuid[], $16::text[],
            $17::text[], $18::bigint[], $19::text[], $20::text[]::jsonb[], $21::text[], $22::bytea[], $23::bytea[],
            $24::timestamptz[], $25::timestamptz[]) as n
on conflict do nothing
returning act_id, act_version

-- name: lock_publications
select p.*, p.sender::text as sender_json
from publication p join unnest($1::uuid[], $2::integer[]) as k(act_id, act_version) using (act_id, act_version)
order by act_id, act_version for update of p

-- name: mark_claimed
update publication p
set status = c.status, ask_not_before = c.ask_not_before, valid_until = c.valid_until, claimed_at = c.claimed_at,
    sender = c.sender::jsonb, sign_fingerprint = c.fingerprint,
    updated_at = $9
from unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[], $7::text[],
            $8::text[]) as c(act_id, act_version, status, ask_not_before, valid_until, claimed_at, sender, fingerprint)
where p.act_id = c.act_id and p.act_version = c.act_version

-- name: save_changes
-- What a call led to, and the evidence of its exchanges. A final state forgets the patient's entry and its key.
with changed as (
  update publication p
  set status = c.status, ask_not_before = c.ask_not_before, claimed_at = null, doubt_told = c.doubt_told,
      told_code = c.told_code, code = c.code, upstream_code = c.upstream_code, attempts = p.attempts + 1,
      updated_at = c.at,
      entry_key = case when c.final then null else p.entry_key end,
      sealed_entry = case when c.final then null else p.sealed_entry end
  from unnest($1::uuid[], $2::integer[], $3::text[], $4::timestamptz[], $5::boolean[], $6::text[], $7::text[], $8::text[],
              $9::timestamptz[], $10::boolean[])
    as c(act_id, act_version, status, ask_not_before, doubt_told, told_code, code, upstream_code, at, final)
  where p.act_id = c.act_id and p.act_version = c.act_version
)
insert into exchange (act_id, act_version, transaction, message_id, assertion_id, sent_at, duration_ms, http_status,
                      outcome, upstream_code)
select * from unnest($11::uuid[], $12::integer[], $13::text[], $14::text[], $15::text[], $16::timestamptz[],
                     $17::integer[], $18::integer[], $19::text[], $20::text[])

-- name: is_stopped
select opposed from stop where patient_id = $1

-- name: save_stops
insert into stop as s (patient_id, opposed, revision, recorded_at)
select distinct on (patient_id) patient_id, opposed, revision, recorded_at
from unnest($1::uuid[], $2::boolean[], $3::integer[], $4::timestamptz[]) as n(patient_id, opposed, revision, recorded_at)
order by patient_id, revision desc
on conflict (patient_id) do update
  set opposed = excluded.opposed, revision = excluded.revision, recorded_at = excluded.recorded_at
where s.revision < excluded.revision

-- name: end_waiting
update publication p
set status = e.status, code = e.code, updated_at = e.at, entry_key = null, sealed_entry = null
from unnest($1::uuid[], $2::integer[], $3::text[], $4::text[], $5::timestamptz[])
  as e(act_id, act_version, status, code, at)
where p.act_id = e.act_id and p.act_version = e.act_version and p.status = 'awaiting_authorisation'

-- name: current_identities
-- The newest certificate of each kind whose time has come.
select distinct on (structure_id, kind) structure_id, kind, fingerprint, subject_ou, not_before, not_after
from tls_identity where structure_id = any($1::uuid[]) and not_before <= $2
order by structure_id, kind, not_before desc, imported_at desc

-- name: read_identities
select structure_id, kind, fingerprint, certificate_pem, sealed_key from tls_identity
where structure_id = $1 and fingerprint = any($2::text[])

-- name: save_identity
insert into tls_identity (structure_id, kind, fingerprint, certificate_pem, sealed_key, subject_ou, not_before,
                          not_after, imported_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (structure_id, kind, fingerprint) do nothing

-- name: expiring_identities
select i.structure_id, i.kind, i.subject_ou, i.not_after
from (select distinct on (structure_id, kind) structure_id, kind, subject_ou, not_after from tls_identity
      order by structure_id, kind, not_before desc) i
where i.not_after < $1 order by i.not_after

-- name: publication_of_act
select act_id, act_version, structure_id, status, document_unique_id, submission_set_unique_id, code, upstream_code,
       attempts, ask_not_before, valid_until, expires_at, created_at, updated_at
from publication where act_id = $1 order by act_version

-- name: exchanges_of_act
select transaction, message_id, assertion_id, sent_at, duration_ms, http_status, outcome, upstream_code
from exchange where act_id = $1 order by sent_at

-- name: structures_known
select data::text as data from directory_entry where type = 'structure.published.v1'
