-- One database: nobody enters it but those named here.
revoke all on database {database} from public;
grant connect on database {database} to {users};
alter database {database} set timezone to 'UTC';
