"""The numbers of an inference platform's dashboards and bills: GraphQL over PromQL."""
