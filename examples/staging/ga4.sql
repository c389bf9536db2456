-- Google Analytics 4: the daily export to BigQuery, as JSON lines.
with

exported as (
    select
        *,
        map_from_entries(list_transform(
            event_params,
            lambda param: (param.key, coalesce(
                param.value.string_value, param.value.int_value, param.value.double_value
            ))
        )) as params
    from read_json('exports/ga4/*.json', columns = {
        event_name: 'varchar', event_timestamp: 'varchar', user_id: 'varchar',
        user_pseudo_id: 'varchar', device: 'struct(operating_system varchar)',
        geo: 'struct(city varchar, region varchar)',
        event_params: 'struct(key varchar, value struct(
            string_value varchar, int_value varchar, double_value varchar
        ))[]'
    })
)

select
    'ga4' as source_file,
    coalesce(user_id, user_pseudo_id) as session_id,
    case event_name
        when 'view_item' then 'View Project' when 'purchase' then 'Fund Project'
    end as event_name,
    event_timestamp as client_time,
    params['category'] as category,
    params['value'] as amount,
    params['currency'] as currency,
    params['transaction_id'] as event_id,
    device.operating_system as device,
    geo.city as city,
    geo.region as state
from exported
where event_name in ('view_item', 'purchase')
