-- What an LGO declares of a patient: only its follow-up; the patient travels sealed and is not kept here.
create table declaration (
  declaration_id uuid primary key,
  account_id uuid not null,
  structure_id uuid not null,
  kind text not null,
  author_id text not null,
  declared_at timestamptz not null,
  received_at timestamptz not null,
  state text not null,
  code text,
  problems jsonb,
  decided_at timestamptz
);

-- Answers already given, by Idempotency-Key. `request_digest` is an HMAC of address and body.
create table idempotency_key (
  account_id uuid not null,
  key text not null,
  request_digest bytea not null,
  status smallint not null,
  headers jsonb not null,
  answer bytea not null,
  created_at timestamptz not null,
  primary key (account_id, key)
);
create index idempotency_key_age on idempotency_key (created_at);

-- The key of the digests above, wrapped by the hub's key (KEK).
create table digest_key (
  only_row boolean primary key default true check (only_row),
  wrapped bytea not null
);
