-- The patient's present stand on feeding (motif légitime, R.1111-47), and every change of it.
create table opposition (
  patient_id uuid primary key,
  opposed boolean not null,
  revision integer not null,
  opposition_id uuid not null,
  recorded_at timestamptz not null
);
create table opposition_change (
  patient_id uuid not null,
  revision integer not null,
  opposed boolean not null,
  opposition_id uuid not null,
  declaration_id uuid not null,
  structure_id uuid not null,
  author_id text not null,
  declared_at timestamptz not null,
  recorded_at timestamptz not null,
  primary key (patient_id, revision)
);

-- Every decision with the versions it used (design rule 9). Never updated.
create table decision (
  decision_id uuid primary key,
  act_id uuid not null,
  act_version integer not null,
  structure_id uuid not null,
  patient_id uuid not null,
  author_id text not null,
  act_type text not null,
  refusal text,
  alimentation_matrix text not null,
  oppositions_revision integer not null,
  decided_at timestamptz not null,
  valid_until timestamptz not null
);
create index decision_act on decision (act_id, decided_at);
