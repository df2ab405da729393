-- One schema: its owner makes tables in it, its users use them, nobody else may even look inside.
-- What the owner creates later is covered by the default privileges; a migration may take some of them back.
revoke all on schema public from public;
create schema if not exists {schema} authorization {owner};
revoke all on schema {schema} from public;
grant usage on schema {schema} to {users};
alter default privileges for role {owner} in schema {schema} grant {privileges} on tables to {users};
alter default privileges for role {owner} in schema {schema} grant usage, select on sequences to {users};
