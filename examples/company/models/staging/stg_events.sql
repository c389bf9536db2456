select
    'actions/' || strftime(done_at, '%Y-%m') as source_file,
    action_id as event_id,
    user_id as session_id,
    case kind when 'view' then 'View Project' when 'pledge' then 'Fund Project' end as event_name,
    category,
    done_at as client_time,
    cents / 100 as amount,
    {{ bootloader.age_group('born_on', on='done_at') }} as age,
    sex as gender
from {{ source('app', 'actions') }}
where kind in ('view', 'pledge')
