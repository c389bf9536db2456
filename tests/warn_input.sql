-- Half a file, or a column that means something else, would change every figure, unnoticed.
{{ config(severity='warn', enabled=target.type == 'duckdb') }}

select
    subject,
    message
from {{ ref('input_findings') }}
