from bootloader.attribute_network import train_attribute_network


def model(dbt, session):
    pairs = dbt.ref("user_category_actions").order("session_id, category").df()
    return train_attribute_network(pairs, seed=dbt.config.meta_get("random_seed")).to_arrow()
