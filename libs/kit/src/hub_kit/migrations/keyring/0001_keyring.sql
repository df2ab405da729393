-- Database hub_keyring: one transit key per UTC day, wrapped by the hub's KEK (design rule 11).
-- Its backups must be kept no longer than the topics: a key that can be restored is not destroyed.
create schema if not exists hub_keyring;

create table hub_keyring.transit_key (
  day date primary key,
  wrapped bytea not null,
  created_at timestamptz not null
);

comment on table hub_keyring.transit_key is
  'AES-256 keys of sealed event parts, wrapped; a row is deleted at topic retention + 1 day and topics then forget.';
