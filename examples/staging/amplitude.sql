-- Amplitude: files of the Export API, unpacked. Times are UTC.
with

exported as (
    select * from read_json('exports/amplitude/*.json', columns = {
        event_type: 'varchar', user_id: 'varchar', device_id: 'varchar', "$insert_id": 'varchar',
        event_time: 'varchar', os_name: 'varchar', city: 'varchar', region: 'varchar',
        location_lat: 'double', location_lng: 'double',
        event_properties: 'struct(category varchar, amount varchar)',
        user_properties: 'struct(gender varchar, age varchar)'
    })
)

select
    'amplitude' as source_file,
    coalesce(user_id, device_id) as session_id,
    case event_type
        when 'project viewed' then 'View Project' when 'project funded' then 'Fund Project'
    end as event_name,
    event_time as client_time,
    event_properties.category as category,
    event_properties.amount as amount,
    "$insert_id" as event_id,
    user_properties.gender as gender,
    user_properties.age as age,
    os_name as device,
    city,
    region as state,
    location_lat as latitude,
    location_lng as longitude
from exported
where event_type in ('project viewed', 'project funded')
