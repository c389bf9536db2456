-- PostHog: batch exports, where properties are text of JSON.
with

exported as (
    select
        *,
        cast(properties as json) as said
    from read_json('exports/posthog/*.json', columns = {
        event: 'varchar', distinct_id: 'varchar', timestamp: 'varchar', uuid: 'varchar',
        properties: 'varchar'
    })
)

select
    'posthog' as source_file,
    distinct_id as session_id,
    case event
        when 'project viewed' then 'View Project' when 'project funded' then 'Fund Project'
    end as event_name,
    timestamp as client_time,
    said ->> 'category' as category,
    said ->> 'amount' as amount,
    uuid as event_id,
    said ->> '$."$set".gender' as gender,
    said ->> '$."$os"' as device,
    said ->> '$."$geoip_city_name"' as city,
    said ->> '$."$geoip_subdivision_1_code"' as state
from exported
where event in ('project viewed', 'project funded')
