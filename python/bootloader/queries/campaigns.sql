select
    campaign,
    string_agg(category, ' and ' order by category) as categories
from campaigns
group by campaign
-- Campaigns of several categories first: those are the projects that somebody is working on.
order by count(*) desc, campaign asc
