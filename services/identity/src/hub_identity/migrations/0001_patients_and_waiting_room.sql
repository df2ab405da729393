-- Patients: a random pseudonym. Matricules and local numbers are links with dates, found by a blind index (rule 10).
-- No trait, INS or clinical content is in clear in any column.
create table patient (
  patient_id uuid primary key,
  created_at timestamptz not null
);

create table matricule_link (
  matricule_index bytea not null check (length(matricule_index) = 32),
  patient_id uuid not null references patient (patient_id),
  since timestamptz not null,
  until timestamptz,
  source_event_id uuid not null,
  check (until is null or until > since)
);
create unique index matricule_link_current on matricule_link (matricule_index) where until is null;
create index matricule_link_patient on matricule_link (patient_id);

-- `revision` changes with each qualified declaration that may release a waiting act of that local number.
create table local_link (
  local_index bytea not null check (length(local_index) = 32),
  structure_id uuid not null,
  patient_id uuid not null references patient (patient_id),
  revision uuid not null,
  since timestamptz not null,
  until timestamptz,
  source_event_id uuid not null
);
create unique index local_link_current on local_link (local_index) where until is null;
create index local_link_patient on local_link (patient_id);

-- The qualified identity that is kept (RNIV EXI REC 07: à l'identique), under the patient's subject key.
create table identity (
  patient_id uuid primary key references patient (patient_id),
  sealed bytea not null,
  structure_id uuid not null,
  source_event_id uuid not null,
  recorded_at timestamptz not null
);

-- Merges, splits and changes of INS are facts: nothing that names the former patient_id is rewritten (rule 10).
create table patient_alias (
  alias_id uuid primary key,
  kind text not null check (kind in ('merge', 'split', 'ins_change')),
  former_patient_id uuid not null references patient (patient_id),
  patient_id uuid not null references patient (patient_id),
  since timestamptz not null,
  until timestamptz,
  decided_by text not null,
  reason text not null,
  check (former_patient_id <> patient_id)
);
create index patient_alias_former on patient_alias (former_patient_id) where until is null;
create index patient_alias_present on patient_alias (patient_id);

-- Acts that wait for a qualified identity. Their content is under a key of their own, gone with the row: transit keys
-- die long before the wait ends (rule 11). `checked_revision`: the link's revision the act was last judged against.
create table waiting_act (
  act_id uuid primary key,
  act_version integer not null,
  event_id uuid not null,
  structure_id uuid not null,
  local_index bytea not null check (length(local_index) = 32),
  act_type text not null,
  author_id text not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  arrived bigint generated always as identity,
  flow text not null,
  traceparent text,
  code text,
  told boolean not null,
  checked_revision uuid,
  waiting_since timestamptz not null,
  wait_until timestamptz not null,
  content_key bytea not null,
  sealed bytea not null
);
create index waiting_act_local on waiting_act (local_index, received_at, arrived);
create index waiting_act_until on waiting_act (wait_until);
