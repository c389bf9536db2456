-- How many users want no pushes, and how many want them again.
select
    count(*) filter (where is_opted_out) as opted_out,
    count(*) filter (where not is_opted_out and opted_out_at is not null) as opted_in_again
from push_consents
