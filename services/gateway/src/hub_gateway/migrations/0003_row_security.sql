-- The second wall (design rule 14): the role that HTTP requests use sees the rows of the structures named in the
-- transaction's setting hub.structures (uuids, separated by commas; none when it isn't set), and no others. The worker's
-- role, which no HTTP request uses, sees all. The owner is not under it.
create function allowed_structures() returns uuid[] language sql stable
return string_to_array(nullif(current_setting('hub.structures', true), ''), ',')::uuid[];

create function is_worker() returns boolean language sql stable
return current_user::text like '%\_worker';

alter table act enable row level security;
create policy by_structure on act
  using ((select is_worker()) or structure_id = any ((select allowed_structures())::uuid[]));

alter table act_history enable row level security;
create policy by_structure on act_history
  using ((select is_worker()) or structure_id = any ((select allowed_structures())::uuid[]));

alter table declaration enable row level security;
create policy by_structure on declaration
  using ((select is_worker()) or structure_id = any ((select allowed_structures())::uuid[]));
