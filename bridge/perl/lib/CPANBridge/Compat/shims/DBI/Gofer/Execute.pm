package DBI::Gofer::Execute;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();
use Time::HiRes ();

use DBI ();
use DBI::Gofer::Request ();
use DBI::Gofer::Response qw(GOf_RESPONSE_EXECUTED);
use CPANBridge::Compat::DBI::Handle ();

our $VERSION = '0.014283';

my $STATEMENTS = 1000;    # that a cached connection may keep

my @CONFIGURATION = qw(
  check_request_sub check_response_sub default_connect_attributes default_connect_dsn forced_connect_attributes
  forced_connect_dsn forced_gofer_random forced_response_attributes forced_single_resultset gofer_execute_class
  max_cached_dbh_per_drh max_cached_sth_per_dbh track_recent
);

for my $field ( @CONFIGURATION, 'stats' ) {
    no strict 'refs';
    *$field = sub { my $self = shift; $self->{$field} = shift if @_; return $self->{$field} };
}

sub valid_configuration_attributes { return { map { $_ => 1 } @CONFIGURATION } }

sub new {
    my ( $class, $configuration ) = @_;
    my %given = %{ $configuration || {} };
    my $valid = valid_configuration_attributes();
    my @unknown = grep { !$valid->{$_} } sort keys %given;
    Carp::croak( "$class->new: unknown configuration: @unknown; there are " . join ', ', sort keys %$valid ) if @unknown;
    return bless { max_cached_sth_per_dbh => $STATEMENTS, stats => {}, %given }, $class;
}

# --- a request ------------------------------------------------------------------------------------------------------

# Whatever goes wrong, there is an answer.
sub execute_request {
    my ( $self, $request ) = @_;
    my @warnings;
    my $response = eval {
        local $SIG{__WARN__} = sub { push @warnings, @_ };
        local $SIG{__DIE__};
        # Where the caller is the same process, $DBI::err and its like are those of its handles.
        local $CPANBridge::Compat::DBI::Handle::LAST = [];
        local $CPANBridge::Compat::DBI::Handle::LAST_HANDLE;
        delete local @ENV{qw(DBI_AUTOPROXY DBI_PROFILE)};    # these are the caller's wishes, and were fulfilled there
        my $checked = $self->{check_request_sub} && $self->{check_request_sub}->( $request, $self );
        my $wanted = $checked || $request;
        $wanted->is_sth_request ? $self->execute_sth_request($wanted) : $self->execute_dbh_request($wanted);
    } || $self->new_response_with_err( undef, $@ );
    if ( my $check = $self->{check_response_sub} ) {
        my $other = eval { local $SIG{__DIE__}; $check->( $response, $self, $request ) };
        $response = $@ ? $self->new_response_with_err( undef, $@ ) : ref $other ? $other : $response;
    }
    $response->warnings( \@warnings ) if @warnings;
    $self->update_stats( $request, $response );
    return $response;
}

sub new_response_with_err {
    my ( $self, $rv, $error, $h ) = @_;
    my ( $err, $errstr, $state ) = $h ? ( $h->err, $h->errstr, $h->state ) : ();
    if ( defined $error && length $error ) {
        chomp $error;
        ( $err, $errstr, $state ) = ( $err || $DBI::stderr, defined $errstr && length $errstr ? "$errstr; $error" : $error, $state || 'S1000' );
    }
    return DBI::Gofer::Response->new( { rv => $rv, err => $err, errstr => $errstr, state => defined $state ? $state : '' } );
}

sub execute_dbh_request {
    my ( $self, $request ) = @_;
    my $dbh = $self->_connect($request);
    return $self->new_response_with_err( [], "$DBI::errstr" ) if !ref $dbh;
    my ( $want, $method, @arguments ) = @{ $request->dbh_method_call };
    my $rv = _call( $self, $dbh, $want, $method, @arguments );
    my $response = $self->new_response_with_err( $dbh->err ? [] : $rv, undef, $dbh );
    $response->flags(GOf_RESPONSE_EXECUTED) if $dbh->{Executed};
    if ( ref $rv->[0] && Scalar::Util::blessed( $rv->[0] ) && $rv->[0]->isa('DBI::st') ) {
        $response->sth_resultsets( $self->gather_sth_resultsets( $rv->[0], $request, $response ) );
        $response->rv('(sth)');
    }
    _finish( $self, $dbh, $request, $response );
    return $response;
}

sub execute_sth_request {
    my ( $self, $request ) = @_;
    my $dbh = $self->_connect($request);
    return $self->new_response_with_err( undef, "$DBI::errstr" ) if !ref $dbh;
    my ( $want, $method, @arguments ) = @{ $request->dbh_method_call };
    my $sth = _call( $self, $dbh, 0, $method, @arguments )->[0];
    my $rv = '(sth)';
    my $last = $dbh;
    if ($sth) {
        for my $call ( @{ $request->sth_method_calls || [] } ) {
            my ( $name, @with ) = @$call;
            $last = $sth;
            $rv = _call( $self, $sth, 0, $name, @with )->[0];
            last if $sth->err;
        }
    }
    my $response = $self->new_response_with_err( $last->err ? undef : $rv, undef, $last );
    $response->flags(GOf_RESPONSE_EXECUTED) if $dbh->{Executed};
    if ($sth) {
        my $sets = $self->gather_sth_resultsets( $sth, $request, $response );
        my ($array) = grep { $_->[0] eq 'execute_array' } @{ $request->sth_method_calls || [] };
        $sets->[0]{ArrayTupleStatus} = $array->[1]{ArrayTupleStatus} if $array && ref $array->[1]{ArrayTupleStatus};
        $response->sth_resultsets($sets);
        $sth->finish;
    }
    _finish( $self, $dbh, $request, $response );
    return $response;
}

# Calls a method in the context that is wanted: list, scalar, or (undef) none.
sub _call {
    my ( $self, $h, $want, $method, @arguments ) = @_;
    die "'$method' is not the name of a method\n" if !defined $method || $method !~ /\A[A-Za-z_]\w*\z/;
    return [] if $self->_at_random( $h, $method );
    return [ $h->$method(@arguments) ] if $want;
    return [ scalar $h->$method(@arguments) ];
}

# What is the same with both kinds of requests, after the calls.
sub _finish {
    my ( $self, $dbh, $request, $response ) = @_;
    if ( my $arguments = !$response->err && $request->dbh_last_insert_id_args ) {
        $response->last_insert_id( $dbh->last_insert_id(@$arguments) );
    }
    if ( my $names = $request->dbh_attributes ) { $response->dbh_attributes( $self->gather_dbh_attributes( $dbh, $names ) ) }
    $self->reset_dbh($dbh);
    return;
}

# A connection that is kept must be as it was before.
sub reset_dbh { my ( $self, $dbh ) = @_; $dbh->set_err( undef, undef ); return }

# --- connecting -----------------------------------------------------------------------------------------------------

sub _connect {
    my ( $self, $request ) = @_;
    my ( $method, $dsn, $user, $password, $attributes ) = @{ $request->dbh_connect_call || [] };
    die "a request connects by connect or connect_cached, not by '$method'\n" if !defined $method || $method !~ /\Aconnect(?:_cached)?\z/;
    $dsn = defined $self->{forced_connect_dsn} ? $self->{forced_connect_dsn} : defined $dsn && length $dsn ? $dsn : $self->{default_connect_dsn};
    die "the request names no data source, and there is no default_connect_dsn\n" if !defined $dsn || !length $dsn;
    my %wanted = (
        %{ $self->{default_connect_attributes} || {} },
        %{ $attributes || {} },
        %{ $self->{forced_connect_attributes} || {} },
        RaiseError => 0,
        PrintError => 0,
    );
    _check_kept( $self, $dsn ) if $method eq 'connect_cached' && $self->{max_cached_dbh_per_drh};
    my $dbh = DBI->$method( $dsn, $user, $password, \%wanted );
    return if !$dbh;
    my $statements = $dbh->{CachedKids};
    %$statements = () if $statements && $self->{max_cached_sth_per_dbh} && keys %$statements > $self->{max_cached_sth_per_dbh};
    $dbh->{Executed} = 0;
    return $dbh;
}

sub _check_kept {
    my ( $self, $dsn ) = @_;
    my ( undef, $driver ) = DBI->parse_dsn($dsn);
    my %installed = DBI->installed_drivers;
    my $drh  = defined $driver && $installed{$driver} or return;
    my $kept = $drh->{CachedKids};
    %$kept = () if $kept && keys %$kept >= $self->{max_cached_dbh_per_drh};
    return;
}

# --- what is sent back ----------------------------------------------------------------------------------------------

my @OF_DATABASES  = qw(ChopBlanks LongReadLen LongTruncOk Name ReadOnly);
my @OF_STATEMENTS = qw(NAME NULLABLE NUM_OF_FIELDS NUM_OF_PARAMS PRECISION SCALE TYPE);

# Drivers' own, where the driver does not list them.
my %OWN = (
    SQLite => { dbh => ['sqlite_version'] },
    Pg     => { dbh => [qw(pg_lib_version pg_server_version pg_db pg_host pg_port pg_default_port)], sth => [qw(pg_type pg_oid_status pg_cmd_status)] },
    mysql  => {
        dbh => [qw(mysql_hostinfo mysql_info mysql_insertid mysql_protoinfo mysql_serverinfo mysql_stat mysql_thread_id)],
        sth => [qw(mysql_is_blob mysql_is_key mysql_is_num mysql_is_pri_key mysql_is_auto_increment mysql_length mysql_max_length mysql_table mysql_type mysql_type_name mysql_insertid)],
    },
);

sub _own_names {
    my ( $self, $h, $kind ) = @_;
    my $driver = $h->{Driver}{Name};
    my $listed = $h->private_attribute_info;
    return ( $listed ? keys %$listed : @{ $OWN{$driver}{$kind} || [] } ), @{ ( $self->{forced_response_attributes} || {} )->{$driver}{$kind} || [] };
}

# Only what is data.
sub _attributes {
    my ( $h, @names ) = @_;
    my %found;
    for my $name (@names) {
        my $value = eval { local $SIG{__DIE__}; local $SIG{__WARN__} = sub { }; $h->{$name} };
        next if ref $value && ref $value !~ /\A(?:ARRAY|HASH)\z/;
        $found{$name} = $value;
    }
    return \%found;
}

sub gather_dbh_attributes {
    my ( $self, $dbh, $names ) = @_;
    my ( $err, $errstr, $state ) = ( $dbh->err, $dbh->errstr, $dbh->state );
    my $all   = grep { $_ eq '*' } @$names;
    my @wanted = grep { $_ ne '*' } @$names;
    push @wanted, @OF_DATABASES, $self->_own_names( $dbh, 'dbh' ) if $all;
    my $found = _attributes( $dbh, @wanted );
    if ($all) {
        $found->{dbi_default_methods}   = _default_methods($dbh);
        $found->{dbi_installed_methods} = {%DBI::installed_methods};
    }
    $dbh->set_err( $err, $errstr, $state ) if defined $err;
    return $found;
}

# The methods that the driver has from DBI.
sub _default_methods {
    my ($dbh) = @_;
    my $inner = CPANBridge::Compat::DBI::Handle::inner($dbh);
    no strict 'refs';
    return {
        map { $_ => 1 }
        grep {
            my $code = UNIVERSAL::can( $inner, $_ );
            defined &{"DBI::db::$_"} && $code && $code == ( UNIVERSAL::can( 'DBD::_::db', $_ ) || 0 )
        } keys %DBI::db::
    };
}

sub gather_sth_resultsets {
    my ( $self, $sth, $request, $response ) = @_;

    # What was only prepared has no rows; what another method returns, has them.
    my $executed = !$request->is_sth_request || @{ $request->sth_method_calls || [] };
    my @names = ( @OF_STATEMENTS, $self->_own_names( $sth, 'sth' ) );
    my @sets;
    while (1) {
        push @sets, $self->fetch_result_set( $sth, \@names, $executed );
        last if $sets[-1]{err} || $self->{forced_single_resultset} || !$sth->can('more_results') || !$sth->more_results;
    }
    return \@sets;
}

sub fetch_result_set {
    my ( $self, $sth, $names, $executed ) = @_;
    my $had = $sth->err;
    my $set = _attributes( $sth, @$names );
    if ( ( $set->{NUM_OF_FIELDS} || 0 ) > 0 ) {
        $set->{rowset} = $executed && !$had ? $sth->fetchall_arrayref || [] : [];
        @$set{qw(err errstr state)} = ( $sth->err, $sth->errstr, $sth->state ) if !$had && $sth->err;
    }
    return $set;
}

# --- errors and delays for tests ------------------------------------------------------------------------------------

my %random;     # what is to happen, by the text that says it and by methods
my %sequence;   # how often each method was called

sub _at_random {
    my ( $self, $h, $method ) = @_;
    my $text = defined $self->{forced_gofer_random} ? $self->{forced_gofer_random} : $ENV{DBI_GOFER_RANDOM};
    return 0 if !defined $text || !length $text;
    my $what = ( $random{$text} ||= _parse_random($text) )->{$method} or return 0;
    my $number = ++$sequence{$method};
    if ( $what->{delay} && _is_hit( $what->{delay_rate}, $number ) ) {
        warn "DBI_GOFER_RANDOM delaying execution of $method by $what->{delay} seconds\n" if abs( int $what->{delay_rate} ) % 2;
        Time::HiRes::sleep( $what->{delay} );
    }
    return 0 if !defined $what->{fail} || !_is_hit( $what->{fail}, $number );
    $h->set_err( $what->{err}, "fake error from $method method induced by DBI_GOFER_RANDOM ($what->{fail}%)", 'S1000' );
    return 1;
}

sub _is_hit {
    my ( $rate, $number ) = @_;
    return rand(100) < $rate if $rate >= 0;
    my $each = int( 100 / -$rate ) || 1;
    return !( $number % $each );
}

sub _parse_random {
    my ($text) = @_;
    my %now = ( err => $DBI::stderr );
    my %method;
    for my $word ( split /\s*,\s*/, $text ) {
        if    ( $word =~ /\Afail=(-?[\d.]+)%?\z/ )          { $now{fail} = $1 }
        elsif ( $word =~ /\Aerr=(-?\d+)\z/ )                { $now{err}  = $1 }
        elsif ( $word =~ /\Adelay([\d.]+)=(-?[\d.]+)%?\z/ ) { @now{qw(delay delay_rate)} = ( $1, $2 ) }
        elsif ( $word =~ /\A\w+\z/ ) {
            warn "DBI_GOFER_RANDOM: nothing is to happen to '$word': there is neither fail nor delay before it\n"
              if !defined $now{fail} && !defined $now{delay};
            $method{$word} = {%now};
        }
        else { warn "DBI_GOFER_RANDOM: '$word' means nothing\n" }
    }
    return \%method;
}

# --- what has been ----------------------------------------------------------------------------------------------------

sub update_stats {
    my ( $self, $request, $response ) = @_;
    my $stats = $self->{stats};
    $stats->{requests}++;
    $stats->{errors}++ if $response->err;
    my $most = $self->{track_recent} or return;
    for my $list ( $stats->{recent_requests} ||= [] ) {
        push @$list, { request => $request, response => $response, time => time };
        shift @$list while @$list > $most;
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Execute - does what DBD::Gofer asks for, by CPANBridge

=head1 SYNOPSIS

    my $executor = DBI::Gofer::Execute->new( { forced_connect_dsn => 'dbi:SQLite:stock.db' } );
    my $response = $executor->execute_request($request);

=head1 DESCRIPTION

Part of L<DBD::Gofer>, its server's side. The configuration is the original's: C<check_request_sub>, C<check_response_sub>,
C<forced_connect_dsn>, C<default_connect_dsn>, C<forced_connect_attributes>, C<default_connect_attributes>,
C<max_cached_dbh_per_drh>, C<max_cached_sth_per_dbh>, C<forced_single_resultset>, C<forced_response_attributes>,
C<track_recent>, C<forced_gofer_random>.

Who can send requests can call any method of DBI as the user that this runs as.

C<DBI_GOFER_RANDOM> in the environment makes methods that requests name fail or wait, for tests: C<fail=10%,do,execute>,
C<delay0.5=5%,prepare>, C<err=1205>; a negative number takes every so many-th call instead of random ones.

=head1 METHODS

=head2 new

=head2 execute_request

=head2 execute_dbh_request

=head2 execute_sth_request

=head2 new_response_with_err

=head2 gather_dbh_attributes

=head2 gather_sth_resultsets

=head2 fetch_result_set

=head2 reset_dbh

=head2 update_stats

=head2 stats

C<requests>, C<errors>, and with C<track_recent> also C<recent_requests>.

=head2 valid_configuration_attributes

=head2 check_request_sub

=head2 check_response_sub

=head2 forced_connect_dsn

=head2 default_connect_dsn

=head2 forced_connect_attributes

=head2 default_connect_attributes

=head2 max_cached_dbh_per_drh

=head2 max_cached_sth_per_dbh

=head2 forced_single_resultset

=head2 forced_response_attributes

=head2 track_recent

=head2 forced_gofer_random

=head2 gofer_execute_class

=cut
