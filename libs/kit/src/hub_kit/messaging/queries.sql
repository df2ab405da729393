-- name: take_in
-- New events only: their ids first, then their work. $1.. are parallel arrays; returns the handlers that got work.
with incoming as (
  select * from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::smallint[], $6::text[], $7::text[],
                       $8::bigint[], $9::integer[], $10::uuid[], $11::text[], $12::timestamptz[], $13::bytea[])
    with ordinality as t(event_id, handler, key, lane, flow, type, source, sequence, act_version, causation_id,
                         traceparent, time, data, ord)
),
fresh as (
  -- in the order of the ids: replicas that read the same events can't wait for each other in a circle
  insert into seen_event select event_id from incoming order by event_id on conflict do nothing returning event_id
)
insert into work_item (event_id, handler, key, lane, flow, type, source, sequence, act_version, causation_id,
                       traceparent, time, data, arrived_at)
select i.event_id, handler, key, lane, flow, type, source, sequence, act_version, causation_id, traceparent, time, data,
       $14
from incoming i join fresh using (event_id)
order by ord
returning handler, flow

-- name: supersede_waiting
-- A newer version of an act has come: what waits for an older one is done with (rule 3).
delete from work_item w using unnest($1::text[], $2::integer[]) as n(key, version)
where w.key = n.key and w.act_version > 0 and w.act_version < n.version and w.state in ('ready', 'waiting', 'dead')
returning w.event_id

-- name: claim_local
-- Round the lanes from $3 on, the oldest first in each, none whose aggregate has earlier unfinished work. Rows come in
-- the order of their lanes (the caller goes on after the last one): pauses are asked for lane by lane, since a join
-- with them might turn the lanes over; and lanes beyond the limits are never looked at.
with recursive lanes as (
  (select lane from work_item where handler = $1 and state = 'ready' and flow = $2 and lane > $3 order by lane limit 1)
  union all
  select (select w.lane from work_item w
          where w.handler = $1 and w.state = 'ready' and w.flow = $2 and w.lane > l.lane order by w.lane limit 1)
  from lanes l where l.lane is not null
),
open_lanes as (
  select lane from lanes
  where lane is not null and (select p.paused_at from lane_pause p where p.lane = lanes.lane) is null
  limit $4
)
select picked.*, coalesce((select s.version from aggregate_seq s where s.key = picked.key), 0) as known_version
from open_lanes o cross join lateral (
  select w.* from work_item w
  where w.handler = $1 and w.state = 'ready' and w.flow = $2 and w.lane = o.lane
    and not exists (select 1 from work_item e where e.key = w.key and e.arrived < w.arrived)
  order by w.arrived limit $5
  for update skip locked
) picked
limit $6

-- name: lock_one
select w.*, coalesce((select s.version from aggregate_seq s where s.key = w.key), 0) as known_version
from work_item w where w.event_id = $1 and w.state = 'ready' for update skip locked

-- name: lease
update work_item set state = 'leased', lease_id = l.lease_id, leased_until = $3
from unnest($1::uuid[], $2::uuid[]) as l(event_id, lease_id)
where work_item.event_id = l.event_id

-- name: settle
-- One statement for a batch: finished items go, postponed ones wait, dead ones stay, events go to the outbox.
-- Rows of aggregate_seq are taken in key order, so that two batches can't deadlock.
with finished as (
  delete from work_item using unnest($1::uuid[], $2::uuid[]) as f(event_id, lease_id)
  where work_item.event_id = f.event_id and work_item.lease_id is not distinct from f.lease_id
  returning 1
),
postponed as (
  update work_item set state = 'waiting', not_before = p.not_before, attempts = p.attempts, last_code = p.code,
                       flow = 1, lease_id = null, leased_until = null
  from unnest($3::uuid[], $4::uuid[], $5::timestamptz[], $6::integer[], $7::text[])
    as p(event_id, lease_id, not_before, attempts, code)
  where work_item.event_id = p.event_id and work_item.lease_id is not distinct from p.lease_id
  returning 1
),
buried as (
  update work_item set state = 'dead', dead_at = $11, attempts = d.attempts, last_code = d.code, lease_id = null,
                       leased_until = null
  from unnest($8::uuid[], $9::uuid[], $10::text[], $12::integer[]) as d(event_id, lease_id, code, attempts)
  where work_item.event_id = d.event_id and work_item.lease_id is not distinct from d.lease_id
  returning 1
),
emitted as (
  select * from unnest($13::uuid[], $14::text[], $15::text[], $16::text[], $17::integer[], $18::text[], $19::text[],
                       $20::uuid[], $21::text[], $22::bytea[])
    with ordinality as t(event_id, topic, key, type, act_version, lane, flow, causation_id, traceparent, data, ord)
),
per_key as (
  select key, count(*) as events, max(act_version) as version from emitted group by key order by key
),
numbered as (
  insert into aggregate_seq as a (key, version, seq) select key, version, events from per_key
  on conflict (key) do update
    set seq = a.seq + excluded.seq, version = greatest(a.version, excluded.version)
  returning key, seq
),
sent as (
  insert into outbox (event_id, topic, key, type, sequence, act_version, lane, flow, causation_id, traceparent, time, data)
  select e.event_id, e.topic, e.key, e.type,
         n.seq - p.events + row_number() over (partition by e.key order by e.ord),
         e.act_version, e.lane, e.flow, e.causation_id, e.traceparent, $11, e.data
  from emitted e join numbered n using (key) join per_key p using (key)
  order by e.ord
  returning 1
)
select (select count(*) from finished) + (select count(*) from postponed) + (select count(*) from buried) as settled,
       (select count(*) from sent) as sent

-- name: next_outbox
select o.*, r.producer_seq as last_producer_seq
from outbox o cross join relay_state r order by o.id limit $1

-- name: delete_sent
with gone as (delete from outbox where id = any($1::bigint[]) returning 1)
update relay_state set producer_seq = $2

-- name: outbox_age
select count(*) as waiting, extract(epoch from $1::timestamptz - min(time))::float8 as oldest_seconds from outbox

-- name: wake_due
-- Due items become ready. A lease that ended: its worker is gone or too slow, its late result won't match (rule 6).
with due as (
  update work_item set state = 'ready' where state = 'waiting' and not_before <= $1 returning handler
),
stale as (
  update work_item set state = 'ready', lease_id = null, leased_until = null, attempts = attempts + 1, flow = 1
  where state = 'leased' and leased_until < $1 returning handler
)
select handler from due union select handler from stale

-- name: drop_old_dead
delete from work_item where state = 'dead' and dead_at < $1 returning event_id

-- name: drop_old_parked
delete from parked_record where parked_at < $1

-- name: maintain_seen
-- One replica at a time: the lock is held before the function looks for what is missing.
select maintain_seen_event($1, $2) from (select pg_advisory_xact_lock(hashtext('seen:' || current_schema()))) locked

-- name: park
insert into parked_record (topic, partition, record_offset, code, parked_at, headers, data)
select t, p, o, c, $6, h::jsonb, d from unnest($1::text[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $7::bytea[])
  as r(t, p, o, c, h, d)
on conflict do nothing

-- name: select_dead
select event_id, handler, key, lane, type, last_code, attempts, dead_at from work_item
where state = 'dead' and ($1::uuid[] is null or event_id = any($1)) and ($2::text is null or last_code = $2)
  and ($3::timestamptz is null or dead_at >= $3)
order by arrived

-- name: revive_dead
update work_item set state = 'ready', attempts = 0, dead_at = null where state = 'dead' and event_id = any($1)
returning event_id

-- name: queue_state
select handler, state, count(*) as items, extract(epoch from $1::timestamptz - min(arrived_at))::float8 as oldest_seconds
from work_item group by handler, state

-- name: pause_lane
insert into lane_pause (lane, reason, paused_by, paused_at) values ($1, $2, $3, $4) on conflict (lane) do nothing

-- name: resume_lane
delete from lane_pause where lane = $1

-- name: paused_lanes
select lane, reason, paused_by, paused_at from lane_pause order by paused_at

-- name: upsert_directory
insert into directory_entry as d (key, type, time, data)
select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[]::jsonb[])
on conflict (key) do update set type = excluded.type, time = excluded.time, data = excluded.data
where d.time <= excluded.time

-- name: read_directory
select key, type, data::text as data from directory_entry where key = any($1::text[])

-- name: all_directory
select key, type, data::text as data from directory_entry
