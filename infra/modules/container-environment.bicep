@description('Name of the environment.')
param name string

@description('Azure region.')
param location string

@description('Tags of the resource.')
param tags object

@description('Log Analytics workspace that gets what containers print and what the platform says of them.')
param workspaceId string

@description('Application Insights that gets traces and logs of OTLP.')
param insightsName string

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource environment 'Microsoft.App/managedEnvironments@2024-10-02-preview' = {
  name: name
  location: location
  tags: tags
  properties: {
    // Not `log-analytics`, which needs the workspace's shared key.
    appLogsConfiguration: { destination: 'azure-monitor' }
    // The managed agent: it sets OTEL_EXPORTER_OTLP_ENDPOINT in every container. It brings no metrics to Application Insights.
    appInsightsConfiguration: { connectionString: insights.properties.ConnectionString }
    openTelemetryConfiguration: {
      tracesConfiguration: { destinations: ['appInsights'] }
      logsConfiguration: { destinations: ['appInsights'] }
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource logs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: environment
  name: 'logs'
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'allLogs'
        enabled: true
      }
    ]
  }
}

output id string = environment.id
