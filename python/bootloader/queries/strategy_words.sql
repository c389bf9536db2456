-- How the strategies are called and explained, in the order of the seed.
select
    strategy,
    label,
    explanation
from strategies
order by rowid
