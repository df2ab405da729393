-- One document on its way to the DMP. Everything that names it there is fixed in this row before the first call
-- (design rule 8). `claimed_at` is set while a call may be under way: found again at a claim, it means a doubt.
create table publication (
  act_id uuid not null,
  act_version integer not null,
  structure_id uuid not null,
  patient_id uuid not null,
  author_id text not null,
  act_type text not null,
  occurred_at timestamptz not null,
  document_type text not null,
  document_unique_id text not null unique,
  submission_set_unique_id text not null unique,
  signature_unique_id text not null unique,
  submission_set_entry_id text not null,
  document_entry_id text not null,
  signature_entry_id text not null,
  content_id uuid not null,
  content_sha256 text not null,
  content_sha1 text not null,
  content_size bigint not null,
  content_media_type text not null,
  fixed_at timestamptz not null,
  sender jsonb,
  sign_fingerprint text,
  entry_key bytea,
  sealed_entry bytea,
  status text not null check (status in ('to_send', 'sending', 'in_doubt', 'awaiting_authorisation', 'confirmed',
                                         'refused', 'excluded', 'expired')),
  valid_until timestamptz not null,
  expires_at timestamptz not null,
  ask_not_before timestamptz,
  claimed_at timestamptz,
  doubt_told boolean not null default false,
  told_code text,
  code text,
  upstream_code text,
  attempts integer not null default 0,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (act_id, act_version),
  check ((status = 'in_doubt') <= (ask_not_before is not null)),
  check ((entry_key is null) = (sealed_entry is null))
);
create index publication_open on publication (status, updated_at)
  where status not in ('confirmed', 'refused', 'excluded', 'expired');

-- Evidence of every exchange with the DMP: ids, times and outcomes, nothing about the patient.
create table exchange (
  id bigint generated always as identity primary key,
  act_id uuid not null,
  act_version integer not null,
  transaction text not null,
  message_id text not null,
  assertion_id text not null,
  sent_at timestamptz not null,
  duration_ms integer not null,
  http_status integer,
  outcome text not null,
  upstream_code text
);
create index exchange_act on exchange (act_id, sent_at);

-- The stop list (design rule 9): read again just before a document leaves.
create table stop (
  patient_id uuid primary key,
  opposed boolean not null,
  revision integer not null,
  recorded_at timestamptz not null
);

-- The certificates of structures (EX_GEN-1450: one to open TLS, one to sign); private keys are wrapped by the KEK.
create table tls_identity (
  structure_id uuid not null,
  kind text not null check (kind in ('auth', 'sign')),
  fingerprint text not null,
  certificate_pem text not null,
  sealed_key bytea not null,
  subject_ou text not null,
  not_before timestamptz not null,
  not_after timestamptz not null,
  imported_at timestamptz not null,
  primary key (structure_id, kind, fingerprint)
);
