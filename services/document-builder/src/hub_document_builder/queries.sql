-- name: documents
select d.act_id, d.act_version, d.content_id, d.unique_id, d.document_type, d.rules_checked, d.entry_key, d.entry,
       b.sha256, b.sha1, b.size, b.media_type
from unnest($1::uuid[], $2::integer[]) as wanted(act_id, act_version)
join document d using (act_id, act_version) join blob b on b.id = d.content_id

-- name: save_documents
insert into document (act_id, act_version, content_id, structure_id, patient_id, unique_id, set_id, document_type,
                      rules_checked, built_at, entry_key, entry)
select act_id, act_version, content_id, structure_id, patient_id, unique_id, set_id, document_type,
       string_to_array(rules_checked, ' '), built_at, entry_key, entry
from unnest($1::uuid[], $2::integer[], $3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::timestamptz[], $11::bytea[], $12::bytea[])
  as n(act_id, act_version, content_id, structure_id, patient_id, unique_id, set_id, document_type, rules_checked,
       built_at, entry_key, entry)

-- name: end_documents
-- The act is final: this version and those before it. A document that was final already keeps its date.
update document d set final_at = $3
from unnest($1::uuid[], $2::integer[]) as ended(act_id, act_version)
where d.act_id = ended.act_id and d.act_version <= ended.act_version and d.final_at is null
returning d.content_id

-- name: forget_entries
update document set entry_key = null, entry = null where content_id = any($1::uuid[])

-- name: counts
select count(*) as documents, count(*) filter (where final_at is null) as open,
       count(*) filter (where entry is null) as purged
from document
