select
    attribute,
    count(*) as known_values
from attribute_embeddings
group by attribute
order by attribute asc
