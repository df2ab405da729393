-- One record per fact, append-only (design §4.2 of the audit practice): the service's role may insert and read, no more.
-- Partitioned by the month of the event's id (UUIDv7), so that the primary key itself refuses a fact told twice.
create table audit_record (
  event_id uuid primary key,
  recorded_at timestamptz not null,
  occurred_at timestamptz not null,
  class text not null check (class in ('access', 'technical', 'admin')),
  action text not null,
  outcome text not null,
  source text not null,
  structure_id uuid,
  actor_id text,
  patient_id uuid,
  act_id uuid,
  code text,
  reason text,
  canonical bytea not null                     -- what the Merkle log will hash: see hub_audit.canonical
) partition by range (event_id);
create index audit_record_patient on audit_record (patient_id, event_id) where patient_id is not null;
create index audit_record_act on audit_record (act_id, event_id) where act_id is not null;
create index audit_record_actor on audit_record (actor_id, event_id) where actor_id is not null;
create index audit_record_structure on audit_record (structure_id, event_id) where structure_id is not null;
create table audit_record_other partition of audit_record default;

create function uuid_of_moment(moment timestamptz) returns uuid language sql immutable strict
set search_path from current as
$$ select (lpad(to_hex((extract(epoch from moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- No role but the owner changes a record. A new partition gets the schema's default privileges, not those of
-- audit_record: they are taken back from each one.
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
select make_append_only('audit_record'), make_append_only('audit_record_other');

-- This month and the next have their partitions.
create function maintain_audit_record(today date) returns void
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

-- Nor may a role empty a table made later.
do $$
declare
  reader text;
begin
  for reader in select rolname from pg_roles where rolname in (current_schema() || '_worker', current_schema() || '_api') loop
    execute format('alter default privileges in schema %I revoke truncate on tables from %I', current_schema(), reader);
  end loop;
end $$;

-- Which numbers of each source have come (design rule 16): all up to `complete_to`, and those in `ahead`.
create table source_progress (
  source text primary key,
  complete_to bigint not null default 0,
  highest bigint not null default 0,
  moved_at timestamptz not null
);
create table source_ahead (
  source text not null,
  producer_seq bigint not null,
  primary key (source, producer_seq)
);
