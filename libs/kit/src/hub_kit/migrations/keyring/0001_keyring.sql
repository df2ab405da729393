-- Database hub_keyring: one transit key per UTC day, wrapped by the hub's KEK (design rule 11).
-- Its backups must be kept no longer than the topics: a key that can be restored is not destroyed.
do $$ begin
  -- deploy makes the schema, whose owner may not make others; a lone database (tests) has none yet
  if to_regnamespace('hub_keyring') is null then create schema hub_keyring; end if;
end $$;

create table hub_keyring.transit_key (
  day date primary key,
  wrapped bytea not null,
  created_at timestamptz not null
);

comment on table hub_keyring.transit_key is
  'AES-256 keys of sealed event parts, wrapped; a row is deleted at topic retention + 1 day and topics then forget.';

-- Services may not delete keys; they may ask for those past their time to go, and no others.
create function hub_keyring.destroy_transit_keys(today date, keep_days integer) returns setof date
language plpgsql security definer set search_path = hub_keyring as $$
begin
  if keep_days < 8 then
    raise exception 'a transit key lives at least 8 days: topics keep their records 7';
  end if;
  return query delete from transit_key where day < today - keep_days returning day;
end $$;
