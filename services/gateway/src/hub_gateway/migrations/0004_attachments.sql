-- Files that software deposits for its acts (design rule 12). The bytes are the kit's `blob` of the same id, encrypted.
-- A file that no act uses goes after some days; a used one some days after the last of its acts is final.
create table attachment (
  attachment_id uuid primary key references blob (id),
  account_id uuid not null,
  received_at timestamptz not null
);
create table attachment_use (
  act_id uuid not null references act,
  attachment_id uuid not null references attachment,
  primary key (act_id, attachment_id)
);
create index attachment_use_attachment on attachment_use (attachment_id);
