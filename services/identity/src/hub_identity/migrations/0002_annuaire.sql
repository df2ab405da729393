-- The annuaire: identity is its only writer; the others read hub.directory (rule 13). `digest` is of what was published.
create table annuaire_structure (
  structure_id uuid primary key,
  data jsonb not null,
  digest bytea not null,
  published_at timestamptz not null
);

-- National identifiers a structure has worn: how a file without structure_id finds the structure again.
create table annuaire_identifier (
  value text not null,
  since timestamptz not null,
  until timestamptz,
  structure_id uuid not null references annuaire_structure (structure_id),
  primary key (value, since)
);
create index annuaire_identifier_structure on annuaire_identifier (structure_id);

create table annuaire_professional (
  professional_id text primary key,
  data jsonb not null,
  digest bytea not null,
  published_at timestamptz not null
);

create table annuaire_exercise (
  professional_id text not null references annuaire_professional (professional_id),
  structure_id uuid not null references annuaire_structure (structure_id),
  since timestamptz not null,
  until timestamptz,
  primary key (professional_id, structure_id, since)
);
create index annuaire_exercise_structure on annuaire_exercise (structure_id);
