-- A partition is a table of its own: default privileges give the service's roles all rights on it, and who may delete
-- from a partition may delete records. What 0001 took back on the whole is taken back on each part.
create function protect_audit_records() returns void
language plpgsql security definer set search_path from current as $$
declare
  part record;
  reader text;
begin
  for reader in select rolname from pg_roles where rolname in (current_schema() || '_worker', current_schema() || '_api') loop
    for part in
      select i.inhrelid::regclass as name from pg_inherits i
      where i.inhparent = 'audit_record'::regclass
        and has_table_privilege(reader, i.inhrelid, 'update, delete, truncate')
    loop
      execute format('revoke update, delete, truncate on %s from %I', part.name, reader);
    end loop;
  end loop;
end $$;

alter function maintain_audit_record(date) rename to make_audit_partitions;

create function maintain_audit_record(today date) returns void
language plpgsql security definer set search_path from current as $$
begin
  perform make_audit_partitions(today);
  perform protect_audit_records();
end $$;

select protect_audit_records();
