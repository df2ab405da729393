-- Encrypted documents (design rule 12): each under its own content key; a purge takes bytes and key, proofs stay.
create table content_key (
  id uuid primary key,
  wrapped bytea not null
);

create table blob (
  id uuid primary key,
  content_key uuid references content_key (id) on delete set null,
  sha256 bytea not null check (length(sha256) = 32),
  sha1 bytea not null check (length(sha1) = 20),
  size bigint not null check (size >= 0),
  media_type text not null,
  nonce bytea,
  ciphertext bytea,
  created_at timestamptz not null,
  purge_at timestamptz,
  purged_at timestamptz,
  check ((ciphertext is null) = (purged_at is not null)),
  check ((nonce is null) = (ciphertext is null))
);

-- Ciphertext does not compress: don't try.
alter table blob alter column ciphertext set storage external;
create index blob_to_purge on blob (purge_at) where purged_at is null and purge_at is not null;
create index blob_content_key on blob (content_key) where content_key is not null;
