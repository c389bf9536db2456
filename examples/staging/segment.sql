-- Segment and RudderStack: calls as they are archived. Identify calls tell no event.
with

calls as (
    select * from read_json('exports/segment/*.json', columns = {
        type: 'varchar', event: 'varchar', "userId": 'varchar', "anonymousId": 'varchar',
        "messageId": 'varchar', timestamp: 'varchar',
        properties: 'struct(category varchar, revenue varchar, currency varchar)',
        context: 'struct(
            traits struct(gender varchar, age varchar), os struct(name varchar),
            location struct(city varchar, region varchar)
        )'
    })
)

select
    'segment' as source_file,
    coalesce("userId", "anonymousId") as session_id,
    case event
        when 'Product Viewed' then 'View Project' when 'Order Completed' then 'Fund Project'
    end as event_name,
    timestamp as client_time,
    properties.category as category,
    properties.revenue as amount,
    properties.currency as currency,
    "messageId" as event_id,
    context.traits.gender as gender,
    {{ age_group('context.traits.age', on='timestamp[:10]') }} as age,
    context.os.name as device,
    context.location.city as city,
    context.location.region as state
from calls
where type = 'track' and event in ('Product Viewed', 'Order Completed')
