-- What every service has: the order of its aggregates, its outbox, its work.

-- One row per aggregate that this service has spoken of. The row's lock orders the outbox (design rule 4);
-- version is the highest act version seen (rule 3), seq the number of the last event emitted.
create table aggregate_seq (
  key text primary key,
  version integer not null default 0,
  seq bigint not null default 0
);

create table outbox (
  id bigint generated always as identity primary key,
  event_id uuid not null,
  topic text not null,
  key text not null,
  type text not null,
  sequence bigint not null,
  act_version integer not null,
  lane text not null,
  flow text not null,
  causation_id uuid,
  traceparent text,
  time timestamptz not null,
  data bytea not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- The relay's counter: producer_seq is dense, so that audit can say "complete up to n" (rule 16).
create table relay_state (
  only_row boolean primary key default true check (only_row),
  producer_seq bigint not null default 0
);
insert into relay_state default values;

-- Every event id ever taken in, by day of the id (UUIDv7). Kept 14 days, longer than the topics (rule 18).
create table seen_event (
  event_id uuid primary key
) partition by range (event_id);
create table seen_event_other partition of seen_event default;

create table work_item (
  event_id uuid primary key,
  arrived bigint generated always as identity,
  handler text not null,
  key text not null,
  lane text not null,
  flow smallint not null,                     -- 0 live, 1 backlog
  state text not null default 'ready' check (state in ('ready', 'waiting', 'leased', 'dead')),
  attempts integer not null default 0,
  not_before timestamptz,
  lease_id uuid,
  leased_until timestamptz,
  last_code text,
  arrived_at timestamptz not null,
  dead_at timestamptz,
  type text not null,
  source text not null,
  sequence bigint not null,
  act_version integer not null,
  causation_id uuid,
  traceparent text,
  time timestamptz not null,
  data bytea not null,
  check ((state = 'leased') = (lease_id is not null)),
  check ((state = 'waiting') <= (not_before is not null))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
create index work_item_ready on work_item (handler, flow, lane, arrived) where state = 'ready';
create index work_item_key on work_item (key, arrived);
create index work_item_waiting on work_item (not_before) where state = 'waiting';
create index work_item_leased on work_item (leased_until) where state = 'leased';
create index work_item_dead on work_item (dead_at) where state = 'dead';

-- A record that is not one of our events, as it came (rule 20: parked, not lost).
create table parked_record (
  topic text not null, partition integer not null, record_offset bigint not null,
  code text not null, parked_at timestamptz not null,
  headers jsonb not null, data bytea not null,
  primary key (topic, partition, record_offset)
);

-- A lane (structure) that is not to be worked on, and why (rule 7).
create table lane_pause (
  lane text primary key,
  reason text not null,
  paused_by text not null,
  paused_at timestamptz not null
);

-- The directory as this service last heard it (rule 13).
create table directory_entry (
  key text primary key,
  type text not null,
  time timestamptz not null,
  data jsonb not null
);

-- Lower bound of the UUIDv7 of a day.
create function uuid_of_day(day date) returns uuid language sql immutable strict set search_path from current as
$$ select (lpad(to_hex((extract(epoch from day::timestamp) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- Keeps the daily partitions: the next two days exist, those older than `keep` days are dropped.
-- Runs with the owner's rights, so that the service's own role needs none to create tables.
create function maintain_seen_event(today date, keep integer) returns void
language plpgsql security definer set search_path from current as $$
declare
  day date;
  part record;
begin
  for day in select generate_series(today - 1, today + 2, interval '1 day')::date loop
    if to_regclass(format('seen_event_%s', to_char(day, 'YYYYMMDD'))) is null then
      execute format('create table seen_event_%s (like seen_event including all)', to_char(day, 'YYYYMMDD'));
      execute format('with moved as (delete from seen_event_other where event_id >= %L and event_id < %L returning event_id) '
                     'insert into seen_event_%s select event_id from moved',
                     uuid_of_day(day), uuid_of_day(day + 1), to_char(day, 'YYYYMMDD'));
      execute format('alter table seen_event attach partition seen_event_%s for values from (%L) to (%L)',
                     to_char(day, 'YYYYMMDD'), uuid_of_day(day), uuid_of_day(day + 1));
    end if;
  end loop;
  for part in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'seen_event'::regclass and c.relname ~ '^seen_event_\d{8}$'
      and to_date(right(c.relname, 8), 'YYYYMMDD') < today - keep
  loop
    execute format('drop table %I', part.relname);
  end loop;
  delete from seen_event_other where event_id < uuid_of_day(today - keep);
end $$;
