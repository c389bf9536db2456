-- Staff, tests and robots would take the first places of every audience.
{{ config(severity='warn') }}

select
    session_id,
    concat(
        'session_id ', session_id, ' has ', events, ' events, and may be no customer: ', signs,
        '. If it is none, add it to seeds/excluded_users.csv.'
    ) as message
from {{ ref('exclusion_candidates') }}
