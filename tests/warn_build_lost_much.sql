-- The app would show half of the users, or an audience that nobody ever funded, and nobody would
-- know that the files changed.
{{ config(severity='warn', enabled=target.type == 'duckdb') }}

select
    lost,
    concat('This build is not published: ', message, '. Their files are still there.') as message
from {{ ref('build_losses') }}
