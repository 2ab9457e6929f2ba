using './silo.bicep'

// Set by azd, and by main.bicep through its outputs.
param environmentName = readEnvironmentVariable('AZURE_ENV_NAME')
param image = readEnvironmentVariable('SERVICE_SILO_IMAGE_NAME')
param registry = readEnvironmentVariable('AZURE_CONTAINER_REGISTRY_ENDPOINT')
param containerEnvironmentId = readEnvironmentVariable('CDP_CONTAINER_ENVIRONMENT_ID')
param identityId = readEnvironmentVariable('CDP_IDENTITY_ID')
param identityClientId = readEnvironmentVariable('CDP_IDENTITY_CLIENT_ID')
param adminKeyUri = readEnvironmentVariable('CDP_ADMIN_KEY_SECRET_URI')
param eventHubs = readEnvironmentVariable('CDP_EVENT_HUBS')
param eventHub = readEnvironmentVariable('CDP_EVENT_HUB')
param consumerGroup = readEnvironmentVariable('CDP_CONSUMER_GROUP')
param tables = readEnvironmentVariable('CDP_TABLES')
param actionGroupId = readEnvironmentVariable('CDP_ACTION_GROUP_ID')

// `azd env set NAME VALUE` changes these.
param minReplicas = int(readEnvironmentVariable('CDP_MIN_REPLICAS', '2'))
param maxReplicas = int(readEnvironmentVariable('CDP_MAX_REPLICAS', '10'))
param cores = int(readEnvironmentVariable('CDP_CORES', '2'))
