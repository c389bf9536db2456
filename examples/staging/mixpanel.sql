-- Mixpanel: the raw export. Projects made before 2023 have times in their own time zone.
with

exported as (
    select * from read_json('exports/mixpanel/*.json', columns = {
        event: 'varchar',
        properties: 'struct(
            distinct_id varchar, time varchar, "$insert_id" varchar, "$os" varchar,
            "$city" varchar, "$region" varchar, category varchar, amount varchar, gender varchar
        )'
    })
)

select
    'mixpanel' as source_file,
    properties.distinct_id as session_id,
    case event
        when 'Project Viewed' then 'View Project' when 'Project Funded' then 'Fund Project'
    end as event_name,
    properties.time as client_time,
    properties.category as category,
    properties.amount as amount,
    properties."$insert_id" as event_id,
    properties.gender as gender,
    properties."$os" as device,
    properties."$city" as city,
    properties."$region" as state
from exported
where event in ('Project Viewed', 'Project Funded')
