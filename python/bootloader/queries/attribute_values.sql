-- The values of an attribute that the notebook's network knows, those with most users first. A user may act
-- in several categories and has no category of their own: no count there.
select
    attribute_embeddings.value,
    attribute_embeddings.embedding,
    case when $attribute <> 'category' then count(users.session_id) end as users
from attribute_embeddings
left join users
    on
        user_value(users, $attribute)
        = case attribute_embeddings.value when '#na#' then $unknown else attribute_embeddings.value end
where attribute_embeddings.attribute = $attribute
group by attribute_embeddings.value, attribute_embeddings.embedding
order by users desc, attribute_embeddings.value asc
limit $most_values
