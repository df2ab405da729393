-- One key per patient (design rule 11), for services that store identifying data: identity and audit, each its own.
-- Erasing empties `wrapped` and keeps the row, so that the patient's key is never made anew by mistake.
create table subject_key (
  subject_id uuid primary key,
  wrapped bytea,
  created_at timestamptz not null,
  erased_at timestamptz,
  check ((wrapped is null) = (erased_at is not null))
);
