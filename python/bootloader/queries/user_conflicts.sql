select
    count(*) as users,
    count(*) filter (where conflicting_attributes > 0) as users_with_conflicts,
    count(*) filter (where gender_cleaned not in ('F', 'M')) as users_of_unknown_gender
from users
