-- Somebody who wants no more pushes would get them.
{{ config(severity='warn') }}

select
    source_file,
    concat(
        source_file, ': ', records, ' opt-outs or opt-ins rejected, ''', reason, ''', such as ',
        example, '. ', remedy, ' Until then, add these users to seeds/excluded_users.csv.'
    ) as message
from {{ ref('rejected_consents') }}
