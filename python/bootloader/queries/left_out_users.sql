-- Users of an audience who must not be in the next push, by the reason, and those who are in no audience.
select
    reason,
    count(*) as users
from push_candidates
where reason is not null
group by reason
union all
select
    'excluded from everything' as reason,
    count(*) as users
from user_exclusions
where scope = 'everything'
having count(*) > 0
order by reason
