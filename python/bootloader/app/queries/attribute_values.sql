-- A user may act in several categories and has no category of their own: no count there.
select
    attribute_embeddings.value,
    attribute_embeddings.embedding,
    case when $attribute <> 'category' then count(users.session_id) end as users
from attribute_embeddings
left join users
    on
        attribute_embeddings.value = coalesce(
            case $attribute
                when 'age' then users.age
                when 'state' then users.state
                when 'city' then users.city
                when 'device' then users.device
                when 'marital_status' then users.marital_status
                when 'gender_cleaned' then users.gender_cleaned
                when 'zip_code' then users.zip_code
            end,
            '#na#'
        )
where attribute_embeddings.attribute = $attribute
group by attribute_embeddings.value, attribute_embeddings.embedding
order by users desc, attribute_embeddings.value asc
limit $most_values
