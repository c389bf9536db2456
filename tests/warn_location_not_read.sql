-- The events of a file would have no place on the map, and nobody would know why.
{{ config(severity='warn') }}

select
    source_file,
    concat(
        source_file, ': ', unread_locations, ' events have a location that cannot be read. ',
        'Give city, state, zip_code, latitude and longitude as keys of location, ',
        'or say where they are in event_fields.'
    ) as message
from {{ ref('source_file_audit') }}
where unread_locations > 0
