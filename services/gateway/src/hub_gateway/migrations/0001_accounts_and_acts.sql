-- LGO accounts and the structures they serve (design rule 13). Loaded from a file, published on hub.directory.
create table account (
  account_id uuid primary key,
  client_id text not null unique,
  issuer text,
  name text not null,
  active boolean not null,
  updated_at timestamptz not null
);
create table membership (
  account_id uuid not null references account,
  structure_id uuid not null,
  scopes text[] not null,
  since timestamptz not null,
  until timestamptz,
  updated_at timestamptz not null,
  primary key (account_id, structure_id)
);
create index directory_structure on directory_entry using gin (data jsonb_path_ops) where type = 'structure.published.v1';

-- Acts as the LGO follows them. No patient data: the act itself travels sealed and is not kept here. `content_digest`
-- is an HMAC, so that nobody can guess a content. `stands_*` is the position the state rests on (design rule 2).
create table act (
  act_id uuid primary key,
  account_id uuid not null,
  structure_id uuid not null,
  external_id text not null,
  act_version integer not null,
  act_type text not null,
  flow text not null,
  author_id text not null,
  occurred_at timestamptz not null,
  received_at timestamptz not null,
  content_digest bytea not null,
  state text not null,
  code text,
  changed_at timestamptz not null,
  stands_version integer not null,
  stands_final boolean not null,
  stands_rank smallint not null,
  stands_sequence bigint not null,
  unique (account_id, structure_id, external_id)
) with (fillfactor = 80);
create index act_by_account on act (account_id, act_id);
create index act_by_structure on act (account_id, structure_id, act_id);
create index act_by_state on act (account_id, state, act_id);

-- How many entries each account's feed has. The row's lock puts them in the order of their commits.
create table account_feed (
  account_id uuid primary key,
  feed_seq bigint not null
) with (fillfactor = 20);

-- Everything heard of an act. Rows with a feed_seq are the account's feed: 1, 2, 3… without a gap.
create table act_history (
  entry bigint generated always as identity primary key,
  act_id uuid not null,
  act_version integer not null,
  account_id uuid not null,
  structure_id uuid not null,
  event_id uuid,                              -- null: the act's own reception
  event_type text not null,
  at timestamptz not null,
  recorded_at timestamptz not null,
  state text not null,
  code text,
  problems jsonb,
  next_at timestamptz,
  applied boolean not null,
  feed_seq bigint
);
create index act_history_act on act_history (act_id, entry);
create unique index act_history_feed on act_history (account_id, feed_seq) where feed_seq is not null;
