-- Documents built: one per version of an act, its bytes in `blob` (rule 12). Never rebuilt: the row is the proof.
-- `entry` is what the DMP's metadata need, under a key of its own; both go when the bytes are purged.
create table document (
  act_id uuid not null,
  act_version integer not null,
  content_id uuid not null unique references blob (id),
  structure_id uuid not null,
  patient_id uuid not null,
  unique_id text not null unique,
  set_id text not null,
  document_type text not null,
  rules_checked text[] not null,
  built_at timestamptz not null,
  final_at timestamptz,
  entry_key bytea,
  entry bytea,
  primary key (act_id, act_version),
  check ((entry_key is null) = (entry is null))
);
