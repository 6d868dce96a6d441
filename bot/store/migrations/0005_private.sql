-- Whether a repository said since that it is private: what strangers see is looked up by it for each row.
CREATE INDEX deliveries_by_private ON deliveries (repo, id) WHERE is_public = 0;
