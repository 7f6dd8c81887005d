package CPANBridge::Compat::DBI::OracleConnect;

use strict;
use warnings;

use CPANBridge::Compat::DBI::OracleNames;

our $VERSION = '0.1.0';

my $UNRESOLVED = 'ORA-12154: TNS:could not resolve the connect identifier specified';

# Returns the database and the parameters that the daemon's connect takes, or nothing and the reason.
sub target {
    my ( $dsn, $user, $password, $attributes ) = @_;
    $_ = defined $_ ? "$_" : '' for $dsn, $user, $password;
    my %parameter;

    # "user/password@database", each part of which may be missing. A password there goes before the other one.
    if ( $user =~ /\A([^@]*?)\@(.*)\z/s ) { $user = $1; $dsn = $2 if !length $dsn }
    if ( $user =~ m{\A([^/]*)/(.*)\z}s ) { ( $user, $password ) = ( $1, $2 ) }
    $user =~ s/\s+\z//;
    @parameter{qw(user password)} = ( $user, $password );
    if ( !length $user ) {
        return ( undef, 'ORA-01017: invalid username/password; logon denied: CPANBridge does not log on by the name that the operating '
              . 'system has for a user; say a user and a password' );
    }
    $dsn =~ s/\A\s+|\s+\z//g;
    if ( !length $dsn ) {
        for my $name (qw(TWO_TASK ORACLE_SID)) { $dsn = $ENV{$name} if !length $dsn && defined $ENV{$name} && length $ENV{$name} }
        return ( undef, "$UNRESOLVED: the DSN names no database, and neither TWO_TASK nor ORACLE_SID is set" ) if !length $dsn;
    }
    my ( $database, $why ) = _database( $dsn, \%parameter );
    return ( undef, $why ) if !defined $database;
    _session( \%parameter, $attributes );
    return ( $database, \%parameter );
}

sub _database {
    my ( $dsn, $parameter ) = @_;
    return $dsn if $dsn =~ /\A\(/;
    if ( $dsn =~ /\A\s*\w+\s*=/ ) { return _from_words( $dsn, $parameter ) }
    $parameter->{server} = 'pooled' if $dsn =~ s/:POOLED\z//i || $ENV{ORA_DRCP};

    # //host:port/service:server/instance
    if ( $dsn =~ m{[/:]} ) {
        return ( undef, "$UNRESOLVED: '$dsn' is not of the form //host:port/service" )
          if $dsn !~ m{\A(?:(?:tcp:)?//)?(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(?::([0-9]+))?(?:/([\w.\$#-]*))?(?::(dedicated|shared|pooled))?(?:/[\w.-]+)?\z}i;
        my ( $host, $port, $service, $server ) = ( $1, $2, $3, $4 );
        $host =~ s/\A\[|\]\z//g;
        @$parameter{qw(host port)} = ( $host, $port || 1521 );
        $parameter->{server} = lc $server if $server;
        return defined $service && length $service ? $service : $host;
    }
    my $descriptor = CPANBridge::Compat::DBI::OracleNames::resolve($dsn);
    return $descriptor if defined $descriptor;

    # A database of this machine is reached by its listener: only Oracle's own libraries can do without.
    if ( CPANBridge::Compat::DBI::OracleNames::is_local($dsn) ) {
        @$parameter{qw(host port sid)} = ( 'localhost', 1521, $dsn );
        return $dsn;
    }
    my @files = CPANBridge::Compat::DBI::OracleNames::files();
    return ( undef, "$UNRESOLVED: '$dsn' is in none of @files" );
}

# "host=h;port=p;sid=s" and what else there is of it.
sub _from_words {
    my ( $dsn, $parameter ) = @_;
    my %word;
    for my $part ( split /\s*;\s*/, $dsn ) {
        return ( undef, "$UNRESOLVED: '$part' in the DSN has no =" ) if $part !~ /\A(\w+)\s*=\s*(.*)\z/s;
        $word{ lc $1 } = $2;
    }
    $word{service_name} = delete $word{service} if exists $word{service};
    my ( $host, $port ) = ( delete @word{qw(host port)} );
    my ( $sid, $service, $server ) = delete @word{qw(sid service_name server)};
    delete $word{protocol} if lc( $word{protocol} || 'tcp' ) eq 'tcp';
    return ( undef, "$UNRESOLVED: the DSN's '" . ( sort keys %word )[0] . q{' is not known} ) if %word;
    return ( undef, "$UNRESOLVED: the DSN names no host" ) if !defined $host || !length $host;
    $parameter->{server} = 'pooled' if defined $sid && $sid =~ s/:POOLED\z//i;
    $parameter->{server} = lc $server if defined $server && length $server;
    @$parameter{qw(host port)} = ( $host, defined $port && length $port ? $port : 1521 );
    if ( defined $sid && length $sid ) { $parameter->{sid} = $sid }
    elsif ( !defined $service || !length $service ) { $service = $host }
    return defined $service ? $service : '';
}

my %MODE = ( 2 => 'sysdba', 4 => 'sysoper', 32_768 => 'sysasm', 131_072 => 'sysbkp', 262_144 => 'sysdgd', 524_288 => 'syskmt' );

my @NLS = qw(NLS_DATE_LANGUAGE NLS_DATE_FORMAT NLS_TIMESTAMP_FORMAT NLS_TIMESTAMP_TZ_FORMAT NLS_NUMERIC_CHARACTERS NLS_SORT NLS_COMP
  NLS_CALENDAR NLS_CURRENCY NLS_ISO_CURRENCY NLS_DUAL_CURRENCY NLS_LENGTH_SEMANTICS NLS_NCHAR_CONV_EXCP);

# What Oracle's clients take from the environment and tell the server; here it is the program's.
sub _session {
    my ( $parameter, $attributes ) = @_;
    my ( $language, $territory ) = ( $ENV{NLS_LANG} || '' ) =~ /\A([^_.]*)(?:_([^.]*))?/;
    if ( !length( $language || '' ) && !length( $territory || '' ) ) { ( $language, $territory ) = qw(AMERICAN AMERICA) }
    $parameter->{nls_language}  = $language  if defined $language  && length $language;
    $parameter->{nls_territory} = $territory if defined $territory && length $territory;
    for my $name (@NLS) { $parameter->{ lc $name } = $ENV{$name} if defined $ENV{$name} && length $ENV{$name} }
    my $zone = $ENV{ORA_SDTZ};
    if ( !defined $zone || !length $zone || uc $zone eq 'OS_TZ' ) { $zone = _offset() }
    $parameter->{time_zone} = $zone if uc $zone ne 'DB_TZ';
    my $given = $attributes || {};
    my $mode  = $given->{ora_session_mode};
    $parameter->{mode}        = $MODE{$mode} || "$mode" if $mode;
    $parameter->{cclass}      = "$given->{ora_drcp_class}" if defined $given->{ora_drcp_class};
    $parameter->{cclass}      = $ENV{ORA_DRCP_CLASS} if !defined $parameter->{cclass} && defined $ENV{ORA_DRCP_CLASS};
    $parameter->{server}      = 'pooled' if $given->{ora_drcp};
    $parameter->{driver_name} = driver_name($given);
    $parameter->{osuser}      = ( getpwuid $> )[0];
    ( $parameter->{program} = $0 ) =~ s{\A.*/}{}s;
    delete $parameter->{$_} for grep { !defined $parameter->{$_} || !length $parameter->{$_} } keys %$parameter;
    return;
}

# What the server calls a program's driver.
sub driver_name { my ($attributes) = @_; my $name = $attributes && $attributes->{ora_driver_name}; return defined $name ? "$name" : 'DBD::Oracle by CPANBridge' }

sub _offset {
    require POSIX;
    my $offset = POSIX::strftime( '%z', localtime );
    return $offset =~ /\A([-+][0-9]{2})([0-9]{2})\z/ ? "$1:$2" : '+00:00';
}

# Character sets of NLS_LANG, by Oracle's names; those of Unicode are characters here, and have none.
my %ENCODING = (
    US7ASCII => 'ascii',        WE8ISO8859P1  => 'iso-8859-1',  WE8ISO8859P15 => 'iso-8859-15', WE8ISO8859P9  => 'iso-8859-9',
    EE8ISO8859P2 => 'iso-8859-2', CL8ISO8859P5 => 'iso-8859-5', EL8ISO8859P7  => 'iso-8859-7',  NEE8ISO8859P4 => 'iso-8859-4',
    WE8MSWIN1252 => 'cp1252',   EE8MSWIN1250  => 'cp1250',      CL8MSWIN1251  => 'cp1251',      EL8MSWIN1253  => 'cp1253',
    TR8MSWIN1254 => 'cp1254',   BLT8MSWIN1257 => 'cp1257',      IW8MSWIN1255  => 'cp1255',      AR8MSWIN1256  => 'cp1256',
    WE8PC850     => 'cp850',    US8PC437      => 'cp437',       EE8PC852      => 'cp852',       RU8PC866      => 'cp866',
    CL8KOI8R     => 'koi8-r',   JA16SJIS      => 'cp932',       JA16SJISTILDE => 'cp932',       JA16EUC       => 'euc-jp',
    ZHS16GBK     => 'cp936',    ZHT16BIG5     => 'big5-eten',   ZHT16MSWIN950 => 'cp950',       KO16MSWIN949  => 'cp949',
    KO16KSC5601  => 'euc-kr',
);

# Returns the Encode object of the program's character set, or nothing where strings are characters; dies if it is not known.
sub charset {
    my ($attributes) = @_;
    my $name = $attributes && $attributes->{ora_charset};
    ($name) = ( $ENV{NLS_LANG} || '' ) =~ /\.([^.]+)\z/ if !defined $name || !length $name;
    return if !defined $name || uc $name =~ /\A(?:AL32UTF8|UTF8|AL16UTF16)\z/;
    require Encode;
    my $encoding = $ENCODING{ uc $name };
    my $found = defined $encoding && Encode::find_encoding($encoding);
    die "ORA-12705: Cannot access NLS data files or invalid environment specified: CPANBridge does not know the character set '$name'\n"
      if !$found;
    return $found;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::OracleConnect - where a program's connection to Oracle goes

=head1 DESCRIPTION

Used by the replacement of L<DBD::Oracle>; programs have no need of it.

=head1 FUNCTIONS

=head2 target

Makes of a DSN, a user, a password and the environment what the daemon's C<connect> takes. Where that cannot be, returns C<undef> and
the reason.

=head2 driver_name

Returns the name by which the server knows the driver.

=head2 charset

Returns the encoding of the program's strings, where they are not characters.

=cut
