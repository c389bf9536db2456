select
    build.build_id,
    cast(build.built_at at time zone 'UTC' as varchar) as built_at,
    cast(build.as_of at time zone 'UTC' as varchar) as as_of,
    (select count(*) from users) as users
from build
