-- A file in another shape next to good ones would be missing from every figure, unnoticed.
{{ config(severity='warn') }}

select
    source_file,
    {{ verdict_message() }} as message
from {{ ref('source_file_audit') }}
where verdict <> 'read'
