-- What a line in seeds/campaigns.csv could name.
select column_value as category
from column_values
where column_name = 'category'
order by events desc, category asc
limit $most
