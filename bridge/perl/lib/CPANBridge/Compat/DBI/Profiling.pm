package CPANBridge::Compat::DBI::Profiling;

# Loaded when a handle is given a profile, and not before: programs without one pay nothing for it.
use strict;
use warnings;

use Carp         ();
use Scalar::Util ();
use Time::HiRes  ();

use CPANBridge::Compat::DBI::Handle;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# A leaf of the tree: how many calls, their seconds, the first call's, the shortest's, the longest's, and when the first
# and the last one were made.
my ( $COUNT, $TOTAL, $FIRST, $SHORTEST, $LONGEST, $BEGAN, $LAST ) = 0 .. 6;

# What the numbers that stand for a path mean, bit by bit.
my @BIT = ( [ 1 => 'DBI' ], [ 2 => '!Statement' ], [ 4 => '!MethodName' ], [ 8 => '!MethodClass' ], [ 16 => '!Caller2' ] );

# These have nothing to do with the statement that was last prepared.
my %NO_STATEMENT = map { $_ => 1 } qw(begin_work commit connected disconnect ping rollback);

my %MAGIC = (
    Statement   => sub { return $_[0]{statement} },
    MethodName  => sub { return $_[0]{method} },
    MethodClass => sub { return _method_class( $_[0] ) },
    Caller      => sub { return _callers( 1, 1 ) },
    Caller2     => sub { return _callers( 2, 1 ) },
    File        => sub { return _callers( 1, 0 ) },
    File2       => sub { return _callers( 2, 0 ) },
    Time        => sub { return time },
);

sub now { return Time::HiRes::time() }

# --- giving a handle its profile ------------------------------------------------------------------------------------

# Makes a profile of what a program assigns to the attribute Profile: an object, a hash, or text.
sub from {
    my ($value) = @_;
    return $value if Scalar::Util::blessed($value);
    if ( ref $value eq 'HASH' ) {
        require DBI::Profile;
        bless $value, 'DBI::Profile';
        $value->{Path} = [] if !exists $value->{Path};
        return $value;
    }
    Carp::croak("Can't set Profile to '$value': it must be a number, text like '!Statement:!MethodName', a reference to a hash or an object")
      if ref $value;
    my ( $path, $class, $arguments ) = split m{/}, $value, 3;
    my @path = map { _elements($_) } split /:/, defined $path ? $path : '';
    my @arguments = split /:/, defined $arguments ? $arguments : '', -1;
    push @arguments, undef if @arguments % 2;
    $class = 'DBI::Profile' if !defined $class || !length $class;
    Carp::croak("Can't set Profile to '$value': '$class' is not the name of a class") if $class !~ /\A\w+(?:::\w+)*\z/;

    if ( !$class->can('new') ) {
        ( my $file = "$class.pm" ) =~ s{::}{/}g;
        eval { local $SIG{__DIE__}; require $file; 1 } or Carp::croak("Can't set Profile to '$value': $@");
    }
    return $class->new( Path => \@path, @arguments );
}

# What one word of a path in text stands for.
sub _elements {
    my ($word) = @_;
    if ( $word =~ /\A-?\d+\z/ ) {
        my $bits = abs $word;
        my @elements = map { $_->[1] } grep { $bits & $_->[0] } @BIT;
        return $word < 0 ? reverse @elements : @elements;
    }
    if ( $word =~ /\A&(\w+)\z/ ) {
        require DBI::ProfileSubs;
        return DBI::ProfileSubs->can($1) || Carp::croak("Can't use '$word' in a Path: there is no DBI::ProfileSubs::$1");
    }
    Carp::carp("A Path of a profile has '$word', which means nothing special: it is taken literally")
      if $word =~ /\A!/ && !_magic($word);
    return $word;
}

sub _magic {
    my ($element) = @_;
    if ( $element =~ /\A!Time~([1-9]\d*)\z/ ) {
        my $seconds = $1;
        return sub { my $now = time; return $now - $now % $seconds };
    }
    return $element =~ /\A!(\w+)\z/ ? $MAGIC{$1} : undef;
}

my $shared;

# The one profile of all handles, when the environment asks for it.
sub shared {
    return $shared if $shared || !defined $ENV{DBI_PROFILE} || !length $ENV{DBI_PROFILE};
    $shared = eval { local $SIG{__DIE__}; from( $ENV{DBI_PROFILE} ) }
      or warn "The environment's DBI_PROFILE is not used. $@";
    watch() if $shared;
    return $shared;
}

# Attributes are read and written past the dispatcher. So that these calls are seen, too, the drivers' classes get subs
# that look whether the handle has a profile, as soon as any handle has one.
my $watching;
my %watched;
my %watched_code;    # the drivers' own, by the subs that stand for them

sub watch {
    return if $watching;
    $watching = 1;
    watch_class($_) for CPANBridge::Compat::DBI::Handle::driver_classes();
    return;
}

sub watch_class {
    my ($class) = @_;
    return if !$watching || $watched{$class}++;
    for my $name (qw(FETCH STORE)) {
        my $code = UNIVERSAL::can( $class, $name );
        my $watcher = sub {
            my $inner = $_[0];
            goto &$code
              if !$inner->{Profile} || $inner->{_depth} || $_[1] eq 'Profile' || _is_ours( scalar caller );
            my $parent = $inner->{_parent};
            goto &$code if $parent && $parent->{_depth};
            my $handle = CPANBridge::Compat::DBI::Handle::outer($inner);
            my $began  = now();
            my $result = $code->(@_);
            sample( $inner, $handle, $name, $began, now() );
            return $result;
        };
        $watched_code{$watcher} = $code;
        no strict 'refs';
        no warnings 'redefine';
        *{"${class}::$name"} = $watcher;
    }
    return;
}

sub _is_ours { return $_[0] =~ /\A(?:DBI\z|DB[ID]::|CPANBridge::Compat::DBI::)/ }

# --- a call ---------------------------------------------------------------------------------------------------------

# When a call that is to be measured began; undef for calls that look at the profile itself.
sub began {
    my ( $name, $key ) = @_;
    return if ( $name eq 'FETCH' || $name eq 'STORE' ) && defined $key && $key eq 'Profile';
    return now();
}

# Adds a call to the profile of an inner handle. The statement is the handle's unless it is given. Returns the leaf, or
# nothing where a sub of the path did not want the call to count.
sub sample {
    my ( $inner, $handle, $method, $began, $ended, $statement ) = @_;
    my $profile = $inner->{Profile} or return;
    $statement = $NO_STATEMENT{ defined $method ? $method : '' } ? '' : $inner->{Statement} if !defined $statement;
    my %call = (
        inner     => $inner,
        handle    => $handle,
        method    => defined $method ? $method : '',
        statement => defined $statement ? $statement : '',
    );

    # What the path's subs do with the handle must not be measured in its turn.
    local $inner->{_depth} = 1;
    my $path = ref $profile->{Path} eq 'ARRAY' ? $profile->{Path} : ['!Statement'];
    my $node = \$profile->{Data};
    for my $element (@$path) {
        for my $key ( _keys( $element, \%call ) ) {
            return if ref $key;
            $$node = {} if !defined $$node;
            return _not_a_branch( $method, $key ) if ref $$node ne 'HASH';
            $node = \$$node->{$key};
        }
    }
    $$node = [] if !defined $$node;
    return _not_a_branch($method) if ref $$node ne 'ARRAY';
    add( $$node, $began, $ended - $began );
    return $$node;
}

sub _not_a_branch {
    my ( $method, $key ) = @_;
    Carp::carp( "A call of $method is missing in the profile: "
          . ( defined $key ? "its path goes on with '$key' where that of another call ended" : 'its path ends where that of another call goes on' ) );
    return;
}

# What an element of the path is for a call: one text or more, or a reference where the call is not to count.
sub _keys {
    my ( $element, $call ) = @_;
    return '' if !defined $element;
    if ( my $kind = ref $element ) {
        if ( $kind eq 'CODE' ) {
            my $handle = $call->{handle} ||= CPANBridge::Compat::DBI::Handle::outer( $call->{inner} );
            local $_ = $call->{statement};
            my @keys = $element->( $handle, $call->{method} );
            return map { !defined $_ ? 'undef' : ref $_ eq 'SCALAR' && !defined $$_ ? $_ : "$_" } @keys;
        }
        return defined $$element ? "$$element" : '' if $kind =~ /\A(?:SCALAR|LVALUE)\z/;
        return "$element";
    }
    if ( $element =~ /\A!/ ) {
        my $magic = _magic($element);
        return $magic ? $magic->($call) : $element;
    }
    return _attribute( $call, $1 ) if $element =~ /\A\{(.*)\}\z/s;
    return $element;
}

sub _attribute {
    my ( $call, $name ) = @_;
    my $inner = $call->{inner};
    $inner = $inner->{Database} if $inner->{Type} eq 'st';
    local $inner->{_depth} = 1;
    my $value = $inner->FETCH($name);
    return defined $value ? "$value" : '';
}

# The package that a method was found in, which need not be the driver's.
sub _method_class {
    my ($call) = @_;
    my $code = UNIVERSAL::can( $call->{inner}, $call->{method} ) or return $call->{method};
    require B;
    my $name = B::svref_2object( $watched_code{$code} || $code )->GV;
    return $name->STASH->NAME . "::$call->{method}";
}

# Where the program's code called, and where the code that called that one did, as far as asked for.
sub _callers {
    my ( $wanted, $with_line ) = @_;
    my @found;
    my $level = 0;
    while ( @found < $wanted and my ( $package, $file, $line, $sub, undef, undef, $text ) = caller $level++ ) {
        next if _is_ours($package);
        next if @found && $sub eq '(eval)' && !defined $text;    # a block of the sub whose place is known by now
        $file =~ s{.*[/\\]}{}s;
        push @found, $with_line ? "$file line $line" : $file;
    }
    return join ' via ', @found;
}

# --- data -----------------------------------------------------------------------------------------------------------

sub add {
    my ( $leaf, $began, $seconds ) = @_;
    if ( !@$leaf ) {
        @$leaf = ( 1, ($seconds) x 4, $began, $began );
        return;
    }
    $leaf->[$COUNT]++;
    $leaf->[$TOTAL] += $seconds;
    $leaf->[$SHORTEST] = $seconds if $seconds < $leaf->[$SHORTEST];
    $leaf->[$LONGEST]  = $seconds if $seconds > $leaf->[$LONGEST];
    $leaf->[$LAST]     = $began;
    return;
}

# Adds leaves, or all leaves below nodes, to a leaf; returns the seconds that it has then.
sub merge {
    my ( $into, @nodes ) = @_;
    Carp::croak('dbi_profile_merge_nodes needs a reference to an array that it can add to') if ref $into ne 'ARRAY';
    while ( defined( my $node = shift @nodes ) ) {
        if ( ref $node eq 'HASH' ) { unshift @nodes, grep {defined} values %$node; next }
        Carp::croak("dbi_profile_merge_nodes can't add '$node': it is no part of a profile") if ref $node ne 'ARRAY';
        next if !@$node;
        if ( !@$into ) { @$into = @$node[ $COUNT .. $LAST ]; next }
        $into->[$_] += $node->[$_] for $COUNT, $TOTAL;
        for my $at ( $SHORTEST, $BEGAN ) {
            next if $node->[$at] >= $into->[$at];
            $into->[$FIRST] = $node->[$FIRST] if $at == $BEGAN;
            $into->[$at]    = $node->[$at];
        }
        for my $at ( $LONGEST, $LAST ) { $into->[$at] = $node->[$at] if $node->[$at] > $into->[$at] }
    }
    @$into = (0) x 7 if !@$into;
    return $into->[$TOTAL];
}

# The function that programs add calls of their own with.
sub dbi_profile {
    my ( $handle, $statement, $method, $began, $ended ) = @_;
    Carp::croak('Usage: dbi_profile($h, $statement, $method, $t1, $t2)') if @_ != 5 || !ref $handle;
    my $inner = CPANBridge::Compat::DBI::Handle::inner($handle);
    return sample( $inner, $handle, $method, $began, $ended, $statement ) if $inner->{_e};
    my $leaf;
    $leaf = dbi_profile( $_, $statement, $method, $began, $ended ) for grep {defined} values %$handle;
    return $leaf;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::Profiling - counts and times the calls of DBI's methods

=head1 DESCRIPTION

Used by the replacements of L<DBI> and L<DBI::Profile>; programs have no need of it. The dispatcher of methods calls it
for handles that have a profile. What paths and leaves are is told in L<DBI::Profile>.

=head1 FUNCTIONS

=head2 now

The time in seconds since the epoch, with fractions.

=head2 from

Makes a profile of what is assigned to the attribute C<Profile>; dies where that means nothing.

=head2 shared

Returns the profile that the environment's C<DBI_PROFILE> asks for, or undef.

=head2 watch

Sees to it that reading and writing attributes is counted from now on.

=head2 watch_class

The same for one class of a driver.

=head2 began

Returns when a call began that is to be measured.

=head2 sample

Adds a call to a handle's profile.

=head2 add

Adds a call to a leaf.

=head2 merge

Is C<dbi_profile_merge_nodes>.

=head2 dbi_profile

Is that function.

=cut
