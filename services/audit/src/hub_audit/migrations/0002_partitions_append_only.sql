-- A new partition gets the schema's default privileges, not those of audit_record: they are taken back from each one.
create function make_append_only(part regclass) returns void language plpgsql
set search_path from current as $$
declare
  reader text;
begin
  for reader in select rolname from pg_roles where rolname in (current_schema() || '_worker', current_schema() || '_api') loop
    execute format('revoke update, delete, truncate on %s from %I', part, reader);
  end loop;
end $$;
revoke execute on function make_append_only(regclass) from public;

-- This month and the next have their partitions.
create or replace function maintain_audit_record(today date) returns void
language plpgsql security definer set search_path from current as $$
declare
  month date;
  part text;
begin
  for month in select generate_series(date_trunc('month', today) - interval '1 month',
                                      date_trunc('month', today) + interval '1 month', interval '1 month')::date loop
    part := format('audit_record_%s', to_char(month, 'YYYYMM'));
    if to_regclass(part) is null then
      execute format('create table %I (like audit_record including all)', part);
      perform make_append_only(part::regclass);
      execute format('with moved as (delete from audit_record_other where event_id >= %L and event_id < %L returning *) '
                     'insert into %I select * from moved',
                     uuid_of_moment(month::timestamp at time zone 'UTC'),
                     uuid_of_moment((month + interval '1 month')::timestamp at time zone 'UTC'), part);
      execute format('alter table audit_record attach partition %I for values from (%L) to (%L)', part,
                     uuid_of_moment(month::timestamp at time zone 'UTC'),
                     uuid_of_moment((month + interval '1 month')::timestamp at time zone 'UTC'));
    end if;
  end loop;
end $$;

-- The partitions that exist already.
select make_append_only(inhrelid::regclass) from pg_inherits where inhparent = 'audit_record'::regclass;
